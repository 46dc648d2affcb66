import type { BatchQueue, StoredDeadLetter } from '#libs/batch-queue/batch-queue.port.ts';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { type BatchId, batchId, type JobId } from '#libs/domain/kernel/ids.ts';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { StatusQueries } from '../status-queries.port.ts';
import { submittedJob } from '../submitted-job.ts';
import { itemCountOf } from '../dead-letter-items.ts';

/** Payloads that are read for one answer. 16 MiB, so that a few at a time are memory of no concern. */
const BYTES_MAX = 16 * 1024 * 1024;

export interface ListDeadLettersParts {
  readonly store: EventStore;
  readonly queries: Pick<StatusQueries, 'getJob'>;
  readonly queue: Pick<BatchQueue, 'readDeadLetters'>;
}

/** `GET /v1/jobs/<id>/dead-letters`; names and shapes are those of the answer. */
export interface DeadLetterList {
  readonly dead_letter_queue: { readonly arn: string; readonly max_receive_count: number } | null;
  readonly dead_letters: readonly DeadLetterDocument[];
  /** Whether there are more, with higher indexes. */
  readonly has_more: boolean;
}

export interface DeadLetterDocument {
  readonly batch_id: BatchId;
  readonly index: number;
  /** How often it was tried. */
  readonly attempt: number;
  readonly reason: Reason;
  /** `null` when the payload is no list: somebody else put it there. */
  readonly item_count: number | null;
  readonly size_bytes: number;
  readonly payload?: RawJson;
}

/** Tells which batches of a job were given up on. Changes nothing. */
export class ListDeadLetters {
  constructor(private readonly parts: ListDeadLettersParts) {}

  /**
   * @throws RequestRefused 404 when there is no such job
   * @throws BatchQueueUnavailable
   */
  async execute(jobId: JobId, hasPayloads: boolean): Promise<DeadLetterList> {
    const { deadLetterQueue, apiName } = (await submittedJob(this.parts, jobId)).submitted;
    if (deadLetterQueue === null) {
      return { dead_letter_queue: null, dead_letters: [], has_more: false };
    }
    const { arn, receiveCountMax } = deadLetterQueue;
    const key = { apiName, jobId };
    const { letters, hasMore } = await this.parts.queue.readDeadLetters(key, arn, BYTES_MAX);
    return {
      dead_letter_queue: { arn, max_receive_count: receiveCountMax },
      dead_letters: letters.map((letter) => documentOf(jobId, letter, hasPayloads)),
      has_more: hasMore,
    };
  }
}

function documentOf(
  jobId: JobId,
  { index, attempt, reason, payload }: StoredDeadLetter,
  hasPayload: boolean,
): DeadLetterDocument {
  const itemCount = itemCountOf(payload);
  return {
    batch_id: batchId(jobId, index),
    index,
    attempt,
    reason,
    item_count: itemCount,
    size_bytes: payload.length,
    ...(hasPayload && itemCount !== null && { payload: new RawJson(textOf(payload)) }),
  };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
