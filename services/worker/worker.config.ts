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

/** What the pod of a worker says to it; a worker that another process started has none of it. */
const podEnv = {
  WORKER_ASSIGNMENT_FILE: z.string().optional().describe('File that says what the worker works on'),
  WORKER_READY_FILE: z.string().default('/tmp/ready').describe('File that is there when it does'),
  WORKER_TERMINATION_FILE: z
    .string()
    .default('/dev/termination-log')
    .describe('File that Kubernetes reads the reason of a failure from'),
  POD_NAME: z.string().default('').describe('Name of the pod'),
  JOB_COMPLETION_INDEX: z.coerce.number().int().min(0).default(0).describe('Which of the workers'),
  CORTEX_PORT: z.coerce.number().int().min(1).default(8080).describe('Where the handler listens'),
};

export const workerEnv = z.object({
  ...platformEnv,
  ...eventStoreEnv,
  ...queueEnv,
  ...workerSettingsEnv,
  ...podEnv,
});

export interface WorkerConfig {
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly eventStore: EventStoreConfig;
  readonly queue: QueueConfig;
  readonly settings: WorkerSettings;
  /** `null` outside of a pod, where whoever started the worker says over IPC what to do. */
  readonly pod: PodConfig | null;
}

export interface PodConfig {
  readonly assignmentFile: string;
  readonly readyFile: string;
  readonly terminationFile: string;
  readonly podName: string;
  /** Which of the job's workers this is. */
  readonly index: number;
  readonly handlerPort: number;
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
    pod: podConfig(parsed),
  };
}

function podConfig(parsed: z.infer<typeof workerEnv>): PodConfig | null {
  if (parsed.WORKER_ASSIGNMENT_FILE === undefined) return null;
  return {
    assignmentFile: parsed.WORKER_ASSIGNMENT_FILE,
    readyFile: parsed.WORKER_READY_FILE,
    terminationFile: parsed.WORKER_TERMINATION_FILE,
    podName: parsed.POD_NAME,
    index: parsed.JOB_COMPLETION_INDEX,
    handlerPort: parsed.CORTEX_PORT,
  };
}
