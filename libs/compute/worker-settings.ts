import { z } from 'zod';
import { durationMs } from '#libs/platform/config.ts';

/** How workers treat their handlers. The backend that starts them reads it and passes it on. */
export const workerSettingsEnv = {
  LOCAL_LOG_BYTES_MAX: z.coerce
    .number()
    .int()
    .min(65_536)
    .default(10 * 1024 * 1024)
    .describe("Size of a file of a handler's log; the file before it is kept, older ones are not"),
  HANDLER_READY_MS_MAX: durationMs({ min: 1000 })
    .default(600_000)
    .describe('How long a handler may take to become ready before its worker has failed, in ms'),
};

export interface WorkerSettings {
  readonly logBytesMax: number;
  readonly readyMsMax: number;
}

/** @param env as a schema with `workerSettingsEnv` parsed it */
export const workerSettings = (
  env: z.infer<z.ZodObject<typeof workerSettingsEnv>>,
): WorkerSettings => ({
  logBytesMax: env.LOCAL_LOG_BYTES_MAX,
  readyMsMax: env.HANDLER_READY_MS_MAX,
});
