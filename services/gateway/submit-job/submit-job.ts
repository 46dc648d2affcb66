import { createHash, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { BatchQueue } from '#libs/batch-queue/batch-queue.port.ts';
import {
  idempotencyDecider,
  type IdempotencyKeyClaimed,
} from '#libs/domain/idempotency/idempotency.ts';
import { jobDecider } from '#libs/domain/job/job.decider.ts';
import type {
  ItemListSource,
  JobEvent,
  JobSource,
  JobSubmitted,
} from '#libs/domain/job/job.events.ts';
import { invariant } from '#libs/domain/kernel/errors.ts';
import { type ApiName, jobId, type JobId } from '#libs/domain/kernel/ids.ts';
import { type JobDocument, jobDocument } from '#libs/domain/status/job-documents.ts';
import { JobView } from '#libs/domain/status/job-view.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { DecisionLane, EventStore } from '#libs/event-store/event-store.port.ts';
import { handleCommand, type Stamp } from '#libs/event-store/handle-command.ts';
import type { ApiAnswer } from '#libs/messaging/queries.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { TimeIds } from '../time-ids.ts';
import type { SubmissionChecks } from './submission-checks.ts';
import type { InlineItems, Submission } from './submission.ts';

export interface SubmitJobParts {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly queue: Pick<BatchQueue, 'urlOf'>;
  readonly checks: Pick<SubmissionChecks, 'check'>;
  readonly ids: Pick<TimeIds, 'next'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SubmitJobRequest {
  readonly api: Pick<ApiAnswer, 'name' | 'id' | 'spec'>;
  readonly submission: Submission;
  /** The request as it was sent: what makes two requests with one key the same. */
  readonly body: Uint8Array;
  readonly idempotencyKey: string | null;
  readonly traceparent: string | null;
  /** The job whose dead letters these are; without it, a job of its own. */
  readonly parentJobId?: JobId;
}

/** Submits a job: items of the request are stored first, so a job that is in the log can be enqueued. */
export class SubmitJob {
  private readonly stamp: Stamp;

  constructor(private readonly parts: SubmitJobParts) {
    this.stamp = { idOf: eventId, now: parts.clock };
  }

  /**
   * @throws RequestRefused when the job could not run as it is
   * @throws InputFilesUnavailable, BatchQueueUnavailable: nobody can say yet whether it could
   * @throws IdempotencyKeyReused when the key came with another body before
   * @throws EventStoreUnavailable, BlobStoreUnavailable: the job runs only if it is in the log;
   *   asking again with the same key finds that out
   */
  async execute(request: SubmitJobRequest): Promise<JobDocument> {
    const { checks } = this.parts;
    const { submission, idempotencyKey } = request;
    if (idempotencyKey === null) {
      await checks.check(submission);
      return this.submitNew(request);
    }
    // A job that was accepted is found again whatever has become of its files.
    if (!(await this.isClaimed(request, idempotencyKey))) await checks.check(submission);
    const id = await this.claimKey(request, idempotencyKey);
    const { document } = await this.submit(id, request);
    return document;
  }

  /** The job that was submitted with a key; `null` when there is none. */
  async submittedWith(apiName: ApiName, key: string): Promise<JobDocument | null> {
    const { events } = await this.parts.store.read<IdempotencyKeyClaimed>(
      keyLane({ name: apiName }, key),
    );
    const id = events[0]?.event.data.jobId;
    if (id === undefined) return null;
    const lane: DecisionLane<JobEvent> = { kind: 'job', apiName, jobId: id };
    const isSubmitted = (await this.parts.store.read<JobEvent>(lane)).events.length > 0;
    return isSubmitted ? jobDocument(await this.read(lane)) : null;
  }

  /** Tries ids until one is not another gateway's; the first is, but for once in many years. */
  private async submitNew(request: SubmitJobRequest): Promise<JobDocument> {
    for (;;) {
      const { isOurs, document } = await this.submit(jobId(this.parts.ids.next()), request);
      if (isOurs) return document;
    }
  }

  private async isClaimed({ api }: SubmitJobRequest, key: string): Promise<boolean> {
    return (await this.parts.store.read(keyLane(api, key))).events.length > 0;
  }

  /** The id of the key's only job: claimed now, or by an earlier request with the same body. */
  private async claimKey({ api, body }: SubmitJobRequest, key: string): Promise<JobId> {
    const { store, ids } = this.parts;
    const lane = keyLane(api, key);
    const claim = { jobId: jobId(ids.next()), bodySha256: sha256(body) };
    const command = { type: 'ClaimIdempotencyKey', data: claim } as const;
    const { event } = await handleCommand(store, idempotencyDecider, this.stamp, { lane, command });
    if (event !== null) return claim.jobId;
    const { events } = await store.read<IdempotencyKeyClaimed>(lane);
    return events[0]?.event.data.jobId ?? claim.jobId;
  }

  /** `isOurs` is false when the lane of `id` held a job before, which is then left as it is. */
  private async submit(
    id: JobId,
    request: SubmitJobRequest,
  ): Promise<{ readonly isOurs: boolean; readonly document: JobDocument }> {
    const { store, blobs, logger } = this.parts;
    const lane: DecisionLane<JobEvent> = { kind: 'job', apiName: request.api.name, jobId: id };
    const data = this.factOf(id, request);
    const items = objectOf(data.source, request.submission);
    if (items !== null) await blobs.put(items.key, items.bytes);

    const command = { type: 'SubmitJob', data } as const;
    await handleCommand(store, jobDecider, this.stamp, { lane, command });
    const view = await this.read(lane);

    const isOurs = isDeepStrictEqual(view.submitted.source, data.source);
    if (isOurs) logger.info({ jobId: id, apiName: request.api.name }, 'job submitted');
    else if (items !== null) await blobs.delete(items.key);
    return { isOurs, document: jobDocument(view) };
  }

  /** What the lane says of the job: after a lost acknowledgement only the lane knows. */
  private async read(lane: DecisionLane<JobEvent>): Promise<JobView> {
    const { events } = await this.parts.store.read<JobEvent>(lane);
    const [first] = events;
    invariant(first?.event.type === 'JobSubmitted', 'a job lane starts with JobSubmitted');
    return new JobView(first.event.data, first.at);
  }

  private factOf(id: JobId, request: SubmitJobRequest): JobSubmitted['data'] {
    const { api, submission, traceparent } = request;
    const { source, workers, timeoutMs, deadLetterQueue, config, onCompleteUrl } = submission;
    return {
      jobId: id,
      apiName: api.name,
      apiId: api.id,
      source: source.kind === 'item_list' ? storedItems(id, source) : source,
      workers,
      timeoutMs,
      deadLetterQueue,
      config,
      queueUrl: this.parts.queue.urlOf({ apiName: api.name, jobId: id }),
      traceparent,
      parentJobId: request.parentJobId ?? null,
      onCompleteUrl: onCompleteUrl ?? api.spec.webhooks?.on_complete.url ?? null,
    };
  }
}

const storedItems = (id: JobId, { itemCount, batchSizeItems }: InlineItems): ItemListSource => ({
  kind: 'item_list',
  // The suffix keeps two requests that are given the same id from sharing an object.
  itemsKey: `items/${id}-${randomUUID()}`,
  itemCount,
  batchSizeItems,
});

/** What has to be stored before the job can be in the log. */
function objectOf(
  stored: JobSource,
  { source }: Submission,
): { readonly key: string; readonly bytes: Uint8Array } | null {
  if (stored.kind !== 'item_list' || source.kind !== 'item_list') return null;
  return { key: stored.itemsKey, bytes: source.items };
}

const keyLane = (
  api: Pick<ApiAnswer, 'name'>,
  key: string,
): DecisionLane<IdempotencyKeyClaimed> => ({
  kind: 'idempotency-key',
  apiName: api.name,
  keySha256: sha256(key),
});

const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');
