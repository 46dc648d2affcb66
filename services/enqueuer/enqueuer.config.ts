import { z } from 'zod';
import { leaseEnv, loadConfig, platformEnv } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

export const enqueuerEnv = z.object({
  ...platformEnv,
  ...leaseEnv,
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
  readonly leaseMs: number;
  readonly jobsMax: number;
}

export function loadEnqueuerConfig(env: NodeJS.ProcessEnv): EnqueuerConfig {
  const { NATS_URL, LOG_LEVEL, LEASE_MS, ENQUEUE_JOBS_MAX } = loadConfig(
    'enqueuer',
    enqueuerEnv,
    env,
  );
  return { natsUrl: NATS_URL, logLevel: LOG_LEVEL, leaseMs: LEASE_MS, jobsMax: ENQUEUE_JOBS_MAX };
}
