import { z } from 'zod';
import { loadConfig, platformEnv } from '#libs/platform/config.ts';

export const workerEnv = z.object({
  ...platformEnv,
  LEASE_MS: z.coerce
    .number()
    .int()
    .min(300)
    .default(10_000)
    .describe('How long a batch stays with a worker that does not renew it'),
});

export type WorkerConfig = z.infer<typeof workerEnv>;

/** @throws Error listing every bad variable at once, before anything has started */
export const loadWorkerConfig = (env: NodeJS.ProcessEnv): WorkerConfig =>
  loadConfig('worker', workerEnv, env);
