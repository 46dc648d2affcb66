import { z } from 'zod';
import type { CheckpointRule } from '#libs/domain/audit/checkpoint-due.ts';
import {
  type EventStoreConfig,
  eventStoreConfig,
  eventStoreEnv,
} from '#libs/event-store/event-store-config.ts';
import { type AwsConfig, awsConfig, awsEnv } from '#libs/platform/aws/aws-config.ts';
import {
  durationMs,
  leaderEnv,
  loadConfig,
  platformEnv,
  readOnlyEnv,
} from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

export const statusProjectorEnv = z.object({
  ...platformEnv,
  ...readOnlyEnv,
  ...eventStoreEnv,
  ...leaderEnv,
  ...awsEnv,
  SNAPSHOT_INTERVAL_MS: durationMs({ min: 100 })
    .default(10_000)
    .describe('How often the projector saves what it has folded, so a restart starts from there'),
  CHECKPOINT_EVENTS_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(10_000)
    .describe('How many events a checkpoint of the log covers at most'),
  CHECKPOINT_INTERVAL_MS: durationMs({ min: 100 })
    .default(60_000)
    .describe('How long an event stands in the log before a checkpoint covers it, in ms'),
  STALLED_AFTER_MS: durationMs({ min: 1000 })
    .default(600_000)
    .describe('How long a worker may be pending before it counts as stalled, in ms'),
  READY_LAG_MS_MAX: durationMs({ min: 100 })
    .default(5000)
    .describe(
      'A projector that is further behind the log is not ready; as long as a question waits',
    ),
});

export interface StatusProjectorConfig {
  /** Announce and seal nothing. */
  readonly isReadOnly: boolean;
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly eventStore: EventStoreConfig;
  readonly snapshotIntervalMs: number;
  readonly checkpoints: CheckpointRule;
  readonly stalledAfterMs: number;
  readonly leaderTtlMs: number;
  readonly readyLagMsMax: number;
  /** Where archives are. */
  readonly aws: AwsConfig;
}

export function loadStatusProjectorConfig(env: NodeJS.ProcessEnv): StatusProjectorConfig {
  const parsed = loadConfig('status-projector', statusProjectorEnv, env);
  return {
    isReadOnly: parsed.READ_ONLY === 'true',
    natsUrl: parsed.NATS_URL,
    logLevel: parsed.LOG_LEVEL,
    eventStore: eventStoreConfig(parsed),
    snapshotIntervalMs: parsed.SNAPSHOT_INTERVAL_MS,
    checkpoints: {
      eventCountMax: parsed.CHECKPOINT_EVENTS_MAX,
      intervalMs: parsed.CHECKPOINT_INTERVAL_MS,
    },
    stalledAfterMs: parsed.STALLED_AFTER_MS,
    leaderTtlMs: parsed.LEADER_TTL_MS,
    readyLagMsMax: parsed.READY_LAG_MS_MAX,
    aws: awsConfig(parsed),
  };
}
