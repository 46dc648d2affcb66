import { z } from 'zod';
import { durationMs, loadConfig, platformEnv } from '#libs/platform/config.ts';

export const enqueuerEnv = z.object({
  ...platformEnv,
  LEASE_MS: durationMs({ min: 1000 })
    .default(10_000)
    .describe('How long a batch or a submission stays with a process that has died, in ms'),
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
  readonly logLevel: z.infer<typeof enqueuerEnv>['LOG_LEVEL'];
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
