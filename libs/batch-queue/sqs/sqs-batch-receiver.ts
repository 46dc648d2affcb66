import { randomUUID } from 'node:crypto';
import { type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { invariant } from '#libs/domain/kernel/errors.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import type { BatchReceiver, JobQueueKey, LeasedBatch } from '../batch-queue.port.ts';
import { Backoff } from './backoff.ts';
import { ENTRIES_MAX } from './in-parallel.ts';
import { ENCODING_ATTRIBUTE } from './message-text.ts';
import { isQueueMissing, translated } from './sqs-errors.ts';
import { SqsLease } from './sqs-lease.ts';
import { SqsSettler } from './sqs-settler.ts';

/**
 * SQS holds a request back for up to 20 s. But one that is cut off may have been given batches that
 * nobody gets to see until their lease ends, so `close` lets it end, and that must not take long;
 * nor may a worker that is killed leave a request behind for long.
 */
const POLL_S_MAX = 1;
/** Between looks when there is less time left than the whole second that SQS can wait. */
const LOOK_MS = 100;
/** Between looks for a queue that is not there, at most. */
const MISSING_MS_MAX = 1000;
/** After ten at a time, so many requests at once fetch the rest. */
const MORE_REQUESTS_MAX = 8;
/** Ten batches of this size come with more of it: rather less of them than more memory. */
const LARGE_BYTES = 1024 * 1024;
/** The lease starts when SQS sends the batch, which is some time before it arrives. */
const LEASE_MARGIN = 0.1;
/** What SQS takes as a visibility timeout at most. */
const DELAY_S_MAX = 43_200;

interface ReceiverOptions {
  readonly key: JobQueueKey;
  readonly queueUrl: string;
  readonly leaseSeconds: number;
  readonly logger: Logger;
}

/** Asks for ten batches at a time, and for more at once when there were ten. */
export class SqsBatchReceiver implements BatchReceiver {
  private readonly settler: SqsSettler;
  private readonly closing = new AbortController();
  private readonly closed: Promise<readonly LeasedBatch[]>;
  private readonly missing = new Backoff({ maxMs: MISSING_MS_MAX });
  /** What a `receive` does, which goes on for a moment when a `close` has ended the wait for it. */
  private work: Promise<readonly LeasedBatch[]> | null = null;

  constructor(
    private readonly client: SQSClient,
    private readonly options: ReceiverOptions,
  ) {
    this.settler = new SqsSettler(client, options.queueUrl, options.logger);
    const { signal } = this.closing;
    this.closed = new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve([]), { once: true });
    });
  }

  receive(countMax: number, waitMs: number): Promise<readonly LeasedBatch[]> {
    invariant(this.work === null, 'one receive at a time');
    if (this.isClosed) return Promise.resolve([]);
    const work = this.receiveUntil(countMax, performance.now() + waitMs);
    this.work = work.finally(() => (this.work = null));
    this.work.catch(() => {}); // Whoever receives hears of it; `close` need not.
    return Promise.race([this.work, this.closed]);
  }

  renew(batches: readonly LeasedBatch[]): void {
    const endsAt = this.leaseEnd();
    for (const lease of this.heldOf(batches)) {
      this.settler.say(lease, this.options.leaseSeconds);
      lease.renew(endsAt);
    }
  }

  remove(batches: readonly LeasedBatch[]): void {
    for (const lease of this.heldOf(batches)) {
      this.settler.say(lease, 'remove');
      lease.settle();
    }
  }

  release(batch: LeasedBatch, delayMs: number): void {
    for (const lease of this.heldOf([batch])) {
      this.settler.say(lease, Math.min(Math.ceil(delayMs / 1000), DELAY_S_MAX));
      lease.settle();
    }
  }

  /** Also resolves only when SQS has heard all that was said; may be called again for that. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.work?.catch(() => {});
    await this.settler.idle();
  }

  private get isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  private async receiveUntil(countMax: number, endsAt: number): Promise<readonly SqsLease[]> {
    for (;;) {
      const remainingMs = Math.max(0, endsAt - performance.now());
      const waitSeconds = Math.min(POLL_S_MAX, Math.round(remainingMs / 1000));
      const leases = await this.ask(Math.min(countMax, ENTRIES_MAX), waitSeconds);
      if (leases !== null && leases.length > 0) {
        const more = this.isClosed ? [] : await this.askForMore(leases, countMax);
        return this.handOut([...leases, ...more]);
      }
      if (this.isClosed || performance.now() >= endsAt) return [];
      const pauseMs = leases === null ? this.missing.nextMs() : waitSeconds === 0 ? LOOK_MS : 0;
      const leftMs = Math.max(0, endsAt - performance.now());
      if (pauseMs > 0) await pause(Math.min(pauseMs, leftMs), this.closing.signal);
    }
  }

  /** What came although nobody waits any more is given back. */
  private handOut(leases: readonly SqsLease[]): readonly SqsLease[] {
    if (!this.isClosed) return leases;
    for (const lease of leases) this.release(lease, 0);
    return [];
  }

  /** Without waiting, so that no request is left that takes batches which nobody waits for. */
  private async askForMore(
    leases: readonly SqsLease[],
    countMax: number,
  ): Promise<readonly SqsLease[]> {
    const sizeBytes = leases.reduce((sum, { payload }) => sum + payload.length, 0);
    const missingCount = countMax - leases.length;
    if (leases.length < ENTRIES_MAX || sizeBytes > LARGE_BYTES) return [];
    const requestCount = Math.min(Math.ceil(missingCount / ENTRIES_MAX), MORE_REQUESTS_MAX);
    const asking = Array.from({ length: requestCount }, (_, n) =>
      this.ask(Math.min(missingCount - n * ENTRIES_MAX, ENTRIES_MAX), 0),
    );
    const answers = await Promise.allSettled(asking);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? (answer.value ?? []) : []));
  }

  /** @returns `null` when the queue is not there */
  private async ask(countMax: number, waitSeconds: number): Promise<SqsLease[] | null> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.options.queueUrl,
      MaxNumberOfMessages: countMax,
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: this.options.leaseSeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageDeduplicationId'],
      MessageAttributeNames: [ENCODING_ATTRIBUTE],
      // When an answer gets lost, the SDK asks again by this and is given the same batches.
      ReceiveRequestAttemptId: randomUUID(),
    });
    try {
      const { Messages = [] } = await translated('receive batches', () =>
        this.client.send(command),
      );
      this.missing.reset();
      return this.leasesOf(Messages);
    } catch (error) {
      if (error instanceof Error && isQueueMissing(error.cause)) return null;
      throw error;
    }
  }

  private leasesOf(messages: readonly Message[]): SqsLease[] {
    const endsAt = this.leaseEnd();
    const { key, logger } = this.options;
    return messages.flatMap((message) => {
      const lease = SqsLease.of(message, key.jobId, endsAt);
      if (lease !== null) return lease;
      const { MessageId: messageId, ReceiptHandle: receiptHandle = '' } = message;
      logger.error(
        { ...key, messageId },
        'a message on the queue is no batch of the job; discarded',
      );
      this.settler.say({ receiptHandle, isCurrent: (now) => now < endsAt }, 'remove');
      return [];
    });
  }

  private heldOf(batches: readonly LeasedBatch[]): SqsLease[] {
    const now = performance.now();
    return batches
      .filter((batch) => batch instanceof SqsLease)
      .filter((lease) => lease.isHeld(now));
  }

  /** When a lease that starts now may be ours no longer. */
  private leaseEnd(): number {
    return performance.now() + this.options.leaseSeconds * 1000 * (1 - LEASE_MARGIN);
  }
}
