import { availableParallelism } from 'node:os';
import { z } from 'zod';
import {
  type EventStoreConfig,
  eventStoreConfig,
  eventStoreEnv,
} from '#libs/event-store/event-store-config.ts';
import { type QueueConfig, queueConfig, queueEnv } from '#libs/batch-queue/queue-config.ts';
import type { FileRetention } from '#libs/compute/file-retention.ts';
import {
  type WorkerSettings,
  workerSettings,
  workerSettingsEnv,
} from '#libs/compute/worker-settings.ts';
import { computeEnv } from '#libs/compute/compute-config.ts';
import { webhookEnv } from '#libs/webhook/webhook-config.ts';
import type { ArchiveRule } from './archive-jobs/archive-jobs.ts';
import type { WebhookSettings } from './send-webhooks/send-webhooks.ts';
import { durationMs, leaderEnv, loadConfig, platformEnv } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';
import { type KubernetesConfig, kubernetesConfig, kubernetesEnv } from './kubernetes.config.ts';

const DAY_MS = 86_400_000;
const MEBIBYTE_BYTES = 1024 * 1024;

const count = z.coerce.number().int();

export const schedulerEnv = z.object({
  ...platformEnv,
  ...eventStoreEnv,
  ...queueEnv,
  ...workerSettingsEnv,
  ...computeEnv,
  ...kubernetesEnv.shape,
  ...leaderEnv,
  ...webhookEnv,
  CORTEX_DATA_DIR: z
    .string()
    .default('.cortex')
    .describe('Folder for handler code, job specifications and logs of local workers'),
  STOP_GRACE_MS: durationMs({ min: 0 })
    .default(10_000)
    .describe('How long a handler call may go on after its job has ended, in ms'),
  QUEUE_LOOK_MS: durationMs({ min: 100 })
    .default(10_000)
    .describe('How often to look for queues that are gone or that nobody needs any more, in ms'),
  ARCHIVE_URL: z
    .string()
    .regex(/^s3:\/\/[^/]+(\/.*)?$/, { message: 'expected s3://bucket or s3://bucket/prefix' })
    .optional()
    .describe('Where the events of ended jobs are moved to; without it they stay in the log'),
  ARCHIVE_AFTER_MS: count
    .min(0)
    .max(3650 * DAY_MS)
    .default(30 * DAY_MS)
    .describe('How long after the last event of an ended job its events are moved, in ms'),
  WEBHOOK_ALLOW_PRIVATE: z
    .stringbool()
    .default(false)
    .describe('Also send webhooks to addresses that are not of the public internet'),
  WEBHOOK_TIMEOUT_MS: durationMs({ min: 100 })
    .default(15_000)
    .describe('How long the receiver of a webhook may take to answer, in ms'),
  WEBHOOK_RETRY_MS: durationMs({ min: 10 })
    .default(5000)
    .describe(
      'From the first failed attempt to the second, in ms; each wait is four times the last',
    ),
  WEBHOOK_GIVE_UP_HOURS: z.coerce
    .number()
    .positive()
    .max(720)
    .default(72)
    .describe('How long after the end of a job its webhook is tried'),
  LOCAL_WORKERS_MAX: count
    .min(1)
    .default(2 * availableParallelism())
    .describe('Workers that run at a time on this machine; more are pending. Default: 2 x cores'),
  LOCAL_WORKERS_WARM: count
    .min(0)
    .default(Math.min(4, 2 * availableParallelism()))
    .describe('Idle worker processes kept ready, so that a job starts at once'),
  LOCAL_KEEP_DAYS: z.coerce
    .number()
    .positive()
    .default(7)
    .describe('How long logs of ended jobs and unpacked code that no job uses are kept, in days'),
  LOCAL_LOGS_MIB_MAX: count
    .min(1)
    .default(5 * 1024)
    .describe('Size of all logs of ended jobs together, in MiB; the oldest go first'),
});

export interface SchedulerConfig {
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly eventStore: EventStoreConfig;
  readonly dataDir: string;
  readonly queue: QueueConfig;
  readonly leaderTtlMs: number;
  readonly stopGraceMs: number;
  readonly queueLookMs: number;
  readonly workersMax: number;
  readonly warmWorkers: number;
  readonly workerSettings: WorkerSettings;
  readonly retention: FileRetention;
  /** `null`: workers are processes of this machine. */
  readonly kubernetes: KubernetesConfig | null;
  readonly webhooks: WebhookSettings;
  /** `null`: nothing is archived. */
  readonly archive: ArchiveRule | null;
}

const NO_ARCHIVE_ON_KURRENTDB =
  'ARCHIVE_URL: with EVENT_STORE=kurrentdb jobs cannot leave the log; unset ARCHIVE_URL, or use EVENT_STORE=jetstream';

export function loadSchedulerConfig(env: NodeJS.ProcessEnv): SchedulerConfig {
  const parsed = loadConfig('scheduler', schedulerEnv, env);
  if (parsed.ARCHIVE_URL !== undefined && parsed.EVENT_STORE === 'kurrentdb') {
    throw new Error(NO_ARCHIVE_ON_KURRENTDB);
  }
  const queue = queueConfig(parsed);
  const { NATS_URL: natsUrl, LOG_LEVEL: logLevel, HANDLER_READY_MS_MAX: readyMsMax } = parsed;
  const eventStore = eventStoreConfig(parsed);
  const worker = { natsUrl, logLevel, eventStore, queue, readyMsMax, env };
  return {
    natsUrl: parsed.NATS_URL,
    logLevel: parsed.LOG_LEVEL,
    eventStore: eventStoreConfig(parsed),
    dataDir: parsed.CORTEX_DATA_DIR,
    queue,
    leaderTtlMs: parsed.LEADER_TTL_MS,
    stopGraceMs: parsed.STOP_GRACE_MS,
    queueLookMs: parsed.QUEUE_LOOK_MS,
    workersMax: parsed.LOCAL_WORKERS_MAX,
    warmWorkers: parsed.LOCAL_WORKERS_WARM,
    workerSettings: workerSettings(parsed),
    retention: {
      ageMsMax: parsed.LOCAL_KEEP_DAYS * DAY_MS,
      logBytesMax: parsed.LOCAL_LOGS_MIB_MAX * MEBIBYTE_BYTES,
    },
    kubernetes: parsed.COMPUTE === 'kubernetes' ? kubernetesConfig(parsed, worker) : null,
    archive:
      parsed.ARCHIVE_URL === undefined
        ? null
        : { url: parsed.ARCHIVE_URL.replace(/\/+$/, ''), afterMs: parsed.ARCHIVE_AFTER_MS },
    webhooks: {
      secrets: parsed.WEBHOOK_SECRET,
      allowPrivate: parsed.WEBHOOK_ALLOW_PRIVATE,
      timeoutMs: parsed.WEBHOOK_TIMEOUT_MS,
      retry: {
        firstWaitMs: parsed.WEBHOOK_RETRY_MS,
        giveUpAfterMs: parsed.WEBHOOK_GIVE_UP_HOURS * 3_600_000,
      },
    },
  };
}

/** The environment of worker processes: this one's, with what they read settled. */
export const workerEnvOf = (
  env: NodeJS.ProcessEnv,
  { natsUrl, logLevel, queue, workerSettings: settings }: SchedulerConfig,
): Readonly<Record<string, string>> => ({
  ...withoutSecrets(definedIn(env)),
  NATS_URL: natsUrl,
  LOG_LEVEL: logLevel,
  LEASE_MS: String(queue.leaseMs),
  QUEUE: queue.kind,
  LOCAL_LOG_BYTES_MAX: String(settings.logBytesMax),
  HANDLER_READY_MS_MAX: String(settings.readyMsMax),
});

/**
 * The environment of handlers: this one's without our own settings, which are none of theirs. What
 * says where AWS is, and who they are there, is theirs as well.
 */
export const handlerEnvOf = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(definedIn(env)).filter(
      ([name]) => isOfAws(name) || !(name in schedulerEnv.shape),
    ),
  );

/** What signs webhooks is no business of workers, and users' code runs beside them. */
const withoutSecrets = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'WEBHOOK_SECRET'));

const isOfAws = (name: string): boolean =>
  name.startsWith('AWS_') || name === 'S3_FORCE_PATH_STYLE';

const definedIn = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
