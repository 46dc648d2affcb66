import { z } from 'zod';
import {
  type EventStoreConfig,
  eventStoreConfig,
  eventStoreEnv,
} from '#libs/event-store/event-store-config.ts';
import { type QueueConfig, queueConfig, queueEnv } from '#libs/batch-queue/queue-config.ts';
import {
  type WorkerSettings,
  workerSettings,
  workerSettingsEnv,
} from '#libs/compute/worker-settings.ts';
import { loadConfig, platformEnv } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

export const workerEnv = z.object({
  ...platformEnv,
  ...eventStoreEnv,
  ...queueEnv,
  ...workerSettingsEnv,
});

export interface WorkerConfig {
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly eventStore: EventStoreConfig;
  readonly queue: QueueConfig;
  readonly settings: WorkerSettings;
}

/** @throws Error listing every bad variable at once, before anything has started */
export function loadWorkerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  const parsed = loadConfig('worker', workerEnv, env);
  return {
    natsUrl: parsed.NATS_URL,
    logLevel: parsed.LOG_LEVEL,
    eventStore: eventStoreConfig(parsed),
    queue: queueConfig(parsed),
    settings: workerSettings(parsed),
  };
}
