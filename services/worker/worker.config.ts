import { z } from 'zod';
import { leaseEnv, loadConfig, platformEnv } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

export const workerEnv = z.object({ ...platformEnv, ...leaseEnv });

export interface WorkerConfig {
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly leaseMs: number;
}

/** @throws Error listing every bad variable at once, before anything has started */
export function loadWorkerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  const { NATS_URL, LOG_LEVEL, LEASE_MS } = loadConfig('worker', workerEnv, env);
  return { natsUrl: NATS_URL, logLevel: LOG_LEVEL, leaseMs: LEASE_MS };
}
