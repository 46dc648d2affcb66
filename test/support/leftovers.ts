import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  keyOfConsumer,
  QUEUE_STREAM,
  queueSubject,
} from '#libs/batch-queue/jetstream/queue-names.ts';
import { keyOfQueueName, queueNameOfUrl } from '#libs/batch-queue/sqs/sqs-names.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { eventsOf } from './log-reader.ts';
import { processesWith } from './process-scan.ts';
import { until } from './until.ts';

/** Workers leave in a moment; a handler that ignores SIGTERM gets some seconds more. */
const LEAVE_MS_MAX = 15_000;

export interface EndedJob {
  readonly api: string;
  readonly jobId: string;
}

/** Where a job ran; a `TestPlatform` is one. */
export interface JobPlace {
  readonly natsUrl: string;
  readonly dataDir: string;
  /** When batches are queued on SQS. */
  readonly sqs?: SQSClient;
}

/**
 * Waits until nothing is left of a job that has ended but its history and its logs.
 *
 * @throws Error that lists what is left
 */
export async function untilNothingIsLeft(job: EndedJob, place: JobPlace): Promise<void> {
  let left: readonly string[] = [];
  await until(
    `nothing to be left of job ${job.jobId}`,
    async () => {
      left = await leftoversOf(job, place);
      return left.length === 0;
    },
    LEAVE_MS_MAX,
  ).catch((error: unknown) => {
    throw new Error(`left of job ${job.jobId}:\n${left.join('\n')}`, { cause: error });
  });
}

/** What there is of a job: processes, files, its queue and its items. One line each. */
export async function leftoversOf(job: EndedJob, place: JobPlace): Promise<readonly string[]> {
  const nats = await connect({ servers: place.natsUrl });
  try {
    return [
      ...processesOf(job.jobId),
      ...filesOf(job.jobId, place.dataDir),
      ...(await jetstreamLeftovers(nats, job)),
      ...(await itemsOf(nats, job, place.natsUrl)),
      ...(place.sqs === undefined ? [] : await queuesOf(place.sqs, job.jobId)),
    ];
  } finally {
    await nats.close();
  }
}

/** Handlers know their job by `CORTEX_JOB_SPEC`; the guard of a worker has the job's id as an argument. */
const processesOf = (id: string): string[] =>
  processesWith(id).map(({ pid, commandLine }) => `process ${pid}: ${commandLine}`);

function filesOf(id: string, dataDir: string): string[] {
  const folder = join(dataDir, 'jobs', id);
  return existsSync(folder) ? [`folder ${folder}`] : [];
}

async function jetstreamLeftovers(nats: NatsConnection, job: EndedJob): Promise<string[]> {
  const manager = await jetstreamManager(nats);
  const found: string[] = [];
  for await (const { name } of manager.consumers.list(QUEUE_STREAM)) {
    if (keyOfConsumer(name)?.jobId === jobId(job.jobId)) found.push(`consumer ${name}`);
  }
  const subject = queueSubject({ apiName: apiName(job.api), jobId: jobId(job.jobId) });
  const batch = await manager.direct.getMessage(QUEUE_STREAM, { last_by_subj: subject });
  return batch === null ? found : [...found, `batches on ${subject}`];
}

async function itemsOf(nats: NatsConnection, job: EndedJob, natsUrl: string): Promise<string[]> {
  const blobs = await JetStreamBlobStore.open(nats);
  const submissions = await eventsOf(natsUrl, job, 'JobSubmitted');
  const keys = submissions.flatMap(({ event }) =>
    event.type === 'JobSubmitted' && event.data.source.kind === 'item_list'
      ? [event.data.source.itemsKey]
      : [],
  );
  const stored = await Promise.all(keys.map(async (key) => (await blobs.get(key)) !== null));
  return keys.filter((_, index) => stored[index] === true).map((key) => `items ${key}`);
}

async function queuesOf(sqs: SQSClient, id: string): Promise<string[]> {
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ MaxResults: 1000 }));
  return QueueUrls.filter((url) => keyOfQueueName(queueNameOfUrl(url))?.jobId === jobId(id)).map(
    (url) => `queue ${url}`,
  );
}
