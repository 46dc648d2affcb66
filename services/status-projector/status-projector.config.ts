import { z } from 'zod';
import { durationMs, loadConfig, platformEnv } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

export const statusProjectorEnv = z.object({
  ...platformEnv,
  SNAPSHOT_INTERVAL_MS: durationMs({ min: 100 })
    .default(10_000)
    .describe('How often the projector saves what it has folded, so a restart starts from there'),
});

export interface StatusProjectorConfig {
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly snapshotIntervalMs: number;
}

export function loadStatusProjectorConfig(env: NodeJS.ProcessEnv): StatusProjectorConfig {
  const { NATS_URL, LOG_LEVEL, SNAPSHOT_INTERVAL_MS } = loadConfig(
    'status-projector',
    statusProjectorEnv,
    env,
  );
  return { natsUrl: NATS_URL, logLevel: LOG_LEVEL, snapshotIntervalMs: SNAPSHOT_INTERVAL_MS };
}
