import { z } from 'zod';
import type { QueueConfig } from '#libs/batch-queue/queue-config.ts';
import type { EventStoreConfig } from '#libs/event-store/event-store-config.ts';
import { durationMs } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

/** A quantity as Kubernetes writes it, such as `100m` or `150Mi`. */
const quantity = z
  .string()
  .regex(/^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/, 'is no quantity of Kubernetes, such as 150Mi');

export const kubernetesEnv = z.object({
  KUBERNETES_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'is no name of a namespace')
    .optional()
    .describe('Where workers run. Default: the namespace of the scheduler, or of the kubeconfig'),
  WORKER_IMAGE: z
    .string()
    .min(1)
    .optional()
    .describe('Image of this platform, for the workers; needed with COMPUTE=kubernetes'),
  WORKER_CPU_REQUEST: quantity
    .default('100m')
    .describe('Processor time that the worker beside a handler asks for'),
  WORKER_MEM_REQUEST: quantity
    .default('150Mi')
    .describe('Memory that the worker beside a handler asks for'),
  WORKER_MEM_LIMIT: quantity
    .optional()
    .describe('Memory that the worker beside a handler may use. Default: no limit'),
  WORKER_NATS_URL: z
    .string()
    .optional()
    .describe('Address of NATS as pods reach it. Default: NATS_URL'),
  WORKER_SERVICE_ACCOUNT: z
    .string()
    .min(1)
    .default('default')
    .describe('Service account of the pods of workers; its token is not mounted'),
  KUBERNETES_RESYNC_MS: durationMs({ min: 1000 })
    .default(300_000)
    .describe('How often everything in the cluster is listed anew, in ms'),
});

export interface KubernetesConfig {
  /** `null`: the scheduler's own. */
  readonly namespace: string | null;
  readonly image: string;
  readonly cpuRequest: string;
  readonly memRequest: string;
  readonly memLimit: string | null;
  readonly serviceAccount: string;
  readonly resyncMs: number;
  /** Environment of workers. */
  readonly workerEnv: Readonly<Record<string, string>>;
}

/** Settings of AWS that are no secrets. Who workers are there, their service account says. */
const AWS_NAMES = [
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_SQS',
  'AWS_MAX_ATTEMPTS',
  'AWS_RETRY_MODE',
];

/** @throws Error when there is no image */
export function kubernetesConfig(
  parsed: z.infer<typeof kubernetesEnv>,
  worker: {
    readonly natsUrl: string;
    readonly logLevel: LogLevel;
    readonly queue: QueueConfig;
    readonly eventStore: EventStoreConfig;
    readonly readyMsMax: number;
    readonly env: NodeJS.ProcessEnv;
  },
): KubernetesConfig {
  if (parsed.WORKER_IMAGE === undefined) {
    throw new Error(
      'scheduler cannot start with this environment; correct these variables (see .env.example):\n' +
        '- WORKER_IMAGE: needed with COMPUTE=kubernetes: the image of this platform (got nothing)',
    );
  }
  return {
    namespace: parsed.KUBERNETES_NAMESPACE ?? null,
    image: parsed.WORKER_IMAGE,
    cpuRequest: parsed.WORKER_CPU_REQUEST,
    memRequest: parsed.WORKER_MEM_REQUEST,
    memLimit: parsed.WORKER_MEM_LIMIT ?? null,
    serviceAccount: parsed.WORKER_SERVICE_ACCOUNT,
    resyncMs: parsed.KUBERNETES_RESYNC_MS,
    workerEnv: {
      ...definedIn(worker.env, AWS_NAMES),
      NATS_URL: parsed.WORKER_NATS_URL ?? worker.natsUrl,
      LOG_LEVEL: worker.logLevel,
      LEASE_MS: String(worker.queue.leaseMs),
      QUEUE: worker.queue.kind,
      EVENT_STORE: worker.eventStore.kind,
      ...(worker.eventStore.kind === 'kurrentdb' && {
        KURRENTDB_URL: worker.eventStore.kurrentDbUrl,
      }),
      HANDLER_READY_MS_MAX: String(worker.readyMsMax),
    },
  };
}

const definedIn = (env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
