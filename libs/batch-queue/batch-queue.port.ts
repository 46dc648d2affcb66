import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import type { DeadLetterQueue, Reason } from '#libs/domain/job/job.events.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';

/** The queue cannot be reached. What was in flight is offered again; retry is safe. */
export class BatchQueueUnavailable extends Error {
  override readonly name = 'BatchQueueUnavailable';
}

/** No such dead-letter queue, or one that may not or cannot take a job's batches. `message` says which and why. */
export class DeadLetterQueueUnusable extends Rejection {
  readonly code = 'dead_letter_queue.unusable';
}

export interface JobQueueKey {
  readonly apiName: ApiName;
  readonly jobId: JobId;
}

/** A batch to send. `payload` is the JSON array the handler will be sent, byte for byte. */
export interface OutgoingBatch {
  readonly index: number;
  readonly payload: Uint8Array;
}

/** A batch in a worker's hands until it is settled, or until its lease runs out. */
export interface LeasedBatch {
  readonly index: number;
  /** How often this batch was handed out, this time included. */
  readonly attempt: number;
  readonly payload: Uint8Array;
}

/** Takes batches of one job. Settling a batch whose lease has run out changes nothing. */
export interface BatchReceiver {
  /**
   * Waits for batches and leases at most `countMax` of them, at least one. Returns what is there
   * rather than waiting for more. One call at a time.
   *
   * @returns an empty list after `close`, or when `waitMs` went by without a batch
   * @throws BatchQueueUnavailable when there can be no batches any more: the connection was closed
   */
  receive(countMax: number, waitMs: number): Promise<readonly LeasedBatch[]>;
  /** Starts the leases of these batches anew. Call at least every third of the lease. */
  renew(batches: readonly LeasedBatch[]): void;
  /** Settled: the queue forgets these batches. Call only after their outcome is recorded. */
  remove(batches: readonly LeasedBatch[]): void;
  /** Not settled: offers the batch again after `delayMs`. */
  release(batch: LeasedBatch, delayMs: number): void;
  /** Stops receiving; a waiting `receive` returns empty. Leases stay until settled or run out. */
  close(): Promise<void>;
}

/** A batch that was given up on. */
export interface DeadLetter {
  readonly index: number;
  readonly attempt: number;
  readonly payload: Uint8Array;
  readonly reason: Reason;
}

/** What a queue is made for, beside its batches. */
export interface QueueSettings {
  /** Where the job's batches go that are given up on; `null` where a failed batch has failed. */
  readonly deadLetterQueue: DeadLetterQueue | null;
}

/** A dead letter that was read and is still where it was. */
export interface StoredDeadLetter extends DeadLetter {
  /** What the queue knows it by; good until the letter is removed or `readDeadLetters` is called again. */
  readonly handle: string;
}

/** One queue per job: created at submission or later, filled in order, deleted after the job's end. */
export interface BatchQueue {
  /** Where a job's batches are queued, as shown to users. Known before the queue exists. */
  urlOf(key: JobQueueKey): string;

  /**
   * Makes the job's queue; an existing one is left as it is.
   *
   * @throws DeadLetterQueueUnusable when the queue cannot have that dead-letter queue
   */
  create(key: JobQueueKey, settings: QueueSettings): Promise<void>;

  /** Whether the job's queue is there: not yet made, deleted after the job, or lost under it. */
  exists(key: JobQueueKey): Promise<boolean>;

  /**
   * Sends batches and resolves when the queue has stored all of them. A batch sent again is queued
   * once: ids are made of job and index. Sending to a queue that was deleted stores nothing that
   * anybody receives.
   *
   * @throws BatchQueueUnavailable when not all are known to be stored; sending again is safe
   */
  send(key: JobQueueKey, batches: readonly OutgoingBatch[]): Promise<void>;

  /**
   * Which batches from `firstIndex` on are on the queue now. For resuming after a crash, when the
   * queue's own memory of message ids may have passed. A queue that cannot tell answers none.
   */
  sentIndexes(key: JobQueueKey, firstIndex: number): Promise<ReadonlySet<number>>;

  /**
   * Receives from the job's queue, which may not exist yet. How long a batch stays with a worker
   * that neither settles nor renews it is an option of the adapter, the same for every job.
   */
  receiver(key: JobQueueKey): Promise<BatchReceiver>;

  /**
   * Looks whether batches can be put into the dead-letter queue of that ARN.
   *
   * @throws DeadLetterQueueUnusable when they cannot, however often it is tried
   */
  checkDeadLetterQueue(arn: string): Promise<void>;

  /** Puts a batch into the dead-letter queue, once however often it is called. */
  deadLetter(key: JobQueueKey, arn: string, letter: DeadLetter): Promise<void>;

  /**
   * Reads the job's dead letters, by ascending index, until their payloads exceed `bytesMax`: at
   * least one if there is one. They stay where they are; another job's are not touched.
   */
  readDeadLetters(
    key: JobQueueKey,
    arn: string,
    bytesMax: number,
  ): Promise<{ readonly letters: readonly StoredDeadLetter[]; readonly hasMore: boolean }>;

  /** Takes letters out for good; one that is not there any more is out already. */
  removeDeadLetters(
    key: JobQueueKey,
    arn: string,
    letters: readonly StoredDeadLetter[],
  ): Promise<void>;

  /** Deletes the job's queue with all that is in it; a queue that is not there is deleted already. */
  delete(key: JobQueueKey): Promise<void>;

  /** Jobs that have a queue, for cleaning up after a crash; sweeps what late senders left behind. */
  list(): Promise<readonly JobQueueKey[]>;
}
