import type { BatchQueue, StoredDeadLetter } from '#libs/batch-queue/batch-queue.port.ts';
import type { DeadLetterQueue, JobSubmitted } from '#libs/domain/job/job.events.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { JobDocument } from '#libs/domain/status/job-documents.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { ApiAnswer } from '#libs/messaging/queries.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import { itemCountOf, joinedItems } from '../dead-letter-items.ts';
import { notFound, RequestRefused } from '../request-refused.ts';
import type { StatusQueries } from '../status-queries.port.ts';
import { submittedJob } from '../submitted-job.ts';
import { RedrivePlans } from './redrive-plan.ts';

/** Items of one new job. 48 MiB, so that they fit an object of 64 MiB. */
const BYTES_MAX = 48 * 1024 * 1024;

export interface RedriveJobParts {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly queries: Pick<StatusQueries, 'getJob' | 'getApi'>;
  readonly queue: Pick<BatchQueue, 'readDeadLetters' | 'removeDeadLetters'>;
  readonly submitJob: JobSubmitter;
}

/** Submits jobs as requests do, with rules and checks of its own. */
export interface JobSubmitter {
  /** Makes one job for a key, however often it is asked. */
  execute(request: {
    readonly api: ApiAnswer;
    readonly submission: RedriveSubmission;
    readonly body: Uint8Array;
    readonly idempotencyKey: string;
    readonly traceparent: string | null;
    readonly parentJobId: JobId;
  }): Promise<JobDocument>;
  /** The job of a key; `null` when there is none. */
  submittedWith(apiName: ApiName, key: string): Promise<JobDocument | null>;
}

/** Everything of the parent's but its items. */
type RedriveSubmission = Pick<
  JobSubmitted['data'],
  'workers' | 'timeoutMs' | 'deadLetterQueue' | 'config' | 'onCompleteUrl'
> & {
  readonly source: {
    readonly kind: 'item_list';
    readonly items: Uint8Array;
    readonly itemCount: number;
    readonly batchSizeItems: number;
  };
};

export interface RedriveRequest {
  readonly parentJobId: JobId;
  /** `null`: as many as the parent had. */
  readonly workers: number | null;
  readonly traceparent: string | null;
}

/** The new job, how many of the parent's batches it has, and whether letters are left for another. */
export interface RedriveAnswer extends JobDocument {
  readonly redriven_batch_count: number;
  readonly has_more: boolean;
}

/** What a redrive is about, once everything that may refuse it has been asked. */
interface Redrive {
  readonly request: RedriveRequest;
  readonly parent: JobSubmitted['data'];
  readonly deadLetterQueue: DeadLetterQueue;
  readonly api: ApiAnswer;
  readonly letters: readonly StoredDeadLetter[];
  readonly hasMore: boolean;
}

/** Submits the dead letters of a job again, as a new job that names it as its parent. */
export class RedriveJob {
  private readonly plans: RedrivePlans;

  constructor(private readonly parts: RedriveJobParts) {
    this.plans = new RedrivePlans(parts.blobs);
  }

  /**
   * The letters are removed once the new job is in the log. Asked again after a crash in between,
   * it finds that job and removes what is left of its letters.
   *
   * @throws RequestRefused 404 without such a job or its API; 409 while the job runs, and when
   *   there is nothing to submit
   */
  async execute(request: RedriveRequest): Promise<RedriveAnswer> {
    const redrive = await this.prepare(request);
    const interrupted = await this.plans.get(request.parentJobId);
    if (interrupted !== null) {
      const finished = await this.finish(redrive, interrupted);
      if (finished !== null) return finished;
    }
    const letters = redrive.letters.filter(({ payload }) => hasItems(payload));
    if (letters.length === 0) throw noDeadLetters(request.parentJobId);
    await this.plans.put(request.parentJobId, indexesOf(letters));
    return this.submit({ ...redrive, letters });
  }

  private async prepare(request: RedriveRequest): Promise<Redrive> {
    const { parentJobId } = request;
    const { submitted: parent, hasEnded } = await submittedJob(this.parts, parentJobId);
    const { deadLetterQueue, apiName } = parent;
    if (deadLetterQueue === null) throw noDeadLetterQueue(parentJobId);
    if (!hasEnded) throw stillRunning(parentJobId);
    const api = await this.parts.queries.getApi({ name: apiName });
    if (api === null) {
      throw notFound(
        'api.not_deployed',
        `${apiName} is not deployed; deploy it to submit the dead letters of its jobs again`,
      );
    }
    const { letters, hasMore } = await this.parts.queue.readDeadLetters(
      { apiName, jobId: parentJobId },
      deadLetterQueue.arn,
      BYTES_MAX,
    );
    return { request, parent, deadLetterQueue, api, letters, hasMore };
  }

  /** @returns `null` when the interrupted redrive submitted nothing, and cannot any more */
  private async finish(
    redrive: Redrive,
    planned: readonly number[],
  ): Promise<RedriveAnswer | null> {
    const indexes = new Set(planned);
    const letters = redrive.letters.filter(({ index }) => indexes.has(index));
    const hasMore = redrive.hasMore || letters.length < redrive.letters.length;
    if (letters.length === planned.length) return this.submit({ ...redrive, letters, hasMore });
    const key = keyOf(redrive.parent.jobId, planned);
    const job = await this.parts.submitJob.submittedWith(redrive.parent.apiName, key);
    if (job === null) return null;
    await this.removeLetters({ ...redrive, letters });
    return { ...job, redriven_batch_count: planned.length, has_more: hasMore };
  }

  private async submit(redrive: Redrive): Promise<RedriveAnswer> {
    const { request, parent, deadLetterQueue, api, letters, hasMore } = redrive;
    const key = keyOf(parent.jobId, indexesOf(letters));
    const job = await this.parts.submitJob.execute({
      api,
      submission: {
        source: {
          kind: 'item_list',
          ...joinedItems(letters.map(({ payload }) => payload)),
          batchSizeItems: parent.source.batchSizeItems, // All batches but the last are full: they stay the same.
        },
        workers: request.workers ?? parent.workers,
        timeoutMs: parent.timeoutMs,
        deadLetterQueue,
        config: parent.config,
        onCompleteUrl: parent.onCompleteUrl,
      },
      // The key says which batches, and they do not change: asked again with other workers is asked again.
      body: new TextEncoder().encode(key),
      idempotencyKey: key,
      traceparent: request.traceparent,
      parentJobId: parent.jobId,
    });
    await this.removeLetters(redrive);
    return { ...job, redriven_batch_count: letters.length, has_more: hasMore };
  }

  private async removeLetters({ parent, deadLetterQueue, letters }: Redrive): Promise<void> {
    await this.parts.queue.removeDeadLetters(parent, deadLetterQueue.arn, letters);
    await this.plans.delete(parent.jobId);
  }
}

/** Whether it is a batch, and not something else that somebody put there. */
const hasItems = (payload: Uint8Array): boolean => (itemCountOf(payload) ?? 0) > 0;

const indexesOf = (letters: readonly StoredDeadLetter[]): number[] =>
  letters.map(({ index }) => index);

/** A line break keeps it from being a key that a request can have. */
const keyOf = (parent: JobId, indexes: readonly number[]): string =>
  `redrive\n${parent}\n${indexes.join()}`;

const conflict = (kind: string, message: string): RequestRefused =>
  new RequestRefused({ status: 409, kind, message });

const stillRunning = (jobId: JobId): RequestRefused =>
  conflict(
    'job.not_ended',
    `job ${jobId} has not ended; its dead letters can be submitted again once it has`,
  );

const noDeadLetterQueue = (jobId: JobId): RequestRefused =>
  conflict(
    'dead_letter_queue.none',
    `job ${jobId} was submitted without sqs_dead_letter_queue, so it has no dead letters`,
  );

const noDeadLetters = (jobId: JobId): RequestRefused =>
  conflict('dead_letters.none', `job ${jobId} has no dead letters that could be submitted again`);
