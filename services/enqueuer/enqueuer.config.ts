import { z } from 'zod';
import {
  type EventStoreConfig,
  eventStoreConfig,
  eventStoreEnv,
} from '#libs/event-store/event-store-config.ts';
import { type AwsConfig, awsConfig } from '#libs/platform/aws/aws-config.ts';
import { type QueueConfig, queueConfig, queueEnv } from '#libs/batch-queue/queue-config.ts';
import { loadConfig, platformEnv } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

export const enqueuerEnv = z.object({
  ...platformEnv,
  ...eventStoreEnv,
  ...queueEnv,
  ENQUEUE_JOBS_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Jobs that one enqueuer enqueues at a time'),
});

export interface EnqueuerConfig {
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly eventStore: EventStoreConfig;
  readonly leaseMs: number;
  readonly jobsMax: number;
  readonly queue: QueueConfig;
  readonly aws: AwsConfig;
}

export function loadEnqueuerConfig(env: NodeJS.ProcessEnv): EnqueuerConfig {
  const loaded = loadConfig('enqueuer', enqueuerEnv, env);
  return {
    natsUrl: loaded.NATS_URL,
    logLevel: loaded.LOG_LEVEL,
    eventStore: eventStoreConfig(loaded),
    leaseMs: loaded.LEASE_MS,
    jobsMax: loaded.ENQUEUE_JOBS_MAX,
    queue: queueConfig(loaded),
    aws: awsConfig(loaded),
  };
}
