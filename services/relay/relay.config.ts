import { z } from 'zod';
import { eventStoreConfig, eventStoreEnv } from '#libs/event-store/event-store-config.ts';
import { durationMs, loadConfig, platformEnv } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

export const relayEnv = z.object({
  ...platformEnv,
  ...eventStoreEnv,
  LEADER_TTL_MS: durationMs({ min: 500 })
    .default(5000)
    .describe('How soon a standby relay takes over from one that has died, in ms'),
});

export interface RelayConfig {
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly kurrentDbUrl: string;
  readonly leaderTtlMs: number;
}

/** @throws Error listing every bad variable at once, or when there is nothing to relay */
export function loadRelayConfig(env: NodeJS.ProcessEnv): RelayConfig {
  const parsed = loadConfig('relay', relayEnv, env);
  const { kind, kurrentDbUrl } = eventStoreConfig(parsed);
  if (kind === 'jetstream') {
    throw new Error(
      'relay has nothing to do with EVENT_STORE=jetstream, where the log is in NATS already; do not start it, or set EVENT_STORE=kurrentdb',
    );
  }
  return {
    natsUrl: parsed.NATS_URL,
    logLevel: parsed.LOG_LEVEL,
    kurrentDbUrl,
    leaderTtlMs: parsed.LEADER_TTL_MS,
  };
}
