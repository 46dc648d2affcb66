import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Logger } from '#libs/platform/logger.ts';
import { Backoff } from './backoff.ts';
import { ENTRIES_MAX } from './in-parallel.ts';
import { isQueueMissing, isRefusal, isThrottle } from './sqs-errors.ts';

/** Requests at a time. While all are out, what is said meanwhile gathers in groups of ten. */
const LANES = 4;

/** A received message that something is said about. */
export interface Receipt {
  readonly receiptHandle: string;
  /** Whether SQS may still be told anything about it. */
  isCurrent(now: number): boolean;
}

/** Removes the message, or has it offered again after that many seconds. */
export type Word = 'remove' | number;

interface Said {
  readonly receipt: Receipt;
  readonly word: Word;
}

/** Says what becomes of messages, ten at a time, and again until SQS has heard it or it is too late. */
export class SqsSettler {
  private readonly pending = new Map<string, Said>();
  private readonly lanes = new Set<Promise<void>>();
  private isStarting = false;

  constructor(
    private readonly client: SQSClient,
    private readonly queueUrl: string,
    private readonly logger: Logger,
  ) {}

  /** A later word about the same message takes the place of one that is not under way yet. */
  say(receipt: Receipt, word: Word): void {
    this.pending.set(receipt.receiptHandle, { receipt, word });
    if (this.isStarting || this.lanes.size === LANES) return;
    this.isStarting = true;
    queueMicrotask(() => this.start()); // So that what is said in one go is one request.
  }

  /** Resolves when all that was said has been heard, or it is too late for it. */
  async idle(): Promise<void> {
    while (this.isStarting || this.lanes.size > 0)
      await Promise.all([...this.lanes, Promise.resolve()]);
  }

  private start(): void {
    this.isStarting = false;
    const laneCount = Math.min(LANES - this.lanes.size, Math.ceil(this.pending.size / ENTRIES_MAX));
    for (let started = 0; started < laneCount; started++) {
      const lane: Promise<void> = this.run().finally(() => this.lanes.delete(lane));
      this.lanes.add(lane);
    }
  }

  private async run(): Promise<void> {
    const backoff = new Backoff();
    for (let group = this.take(); group.length > 0; group = this.take()) {
      const unheard = await this.tell(group);
      for (const said of unheard) {
        const { receiptHandle } = said.receipt;
        if (!this.pending.has(receiptHandle)) this.pending.set(receiptHandle, said);
      }
      if (unheard.length > 0) await backoff.wait();
      else backoff.reset();
    }
  }

  /** Up to ten messages of which the same is said, removed or not. */
  private take(): Said[] {
    const now = performance.now();
    const taken: Said[] = [];
    for (const [handle, said] of this.pending) {
      if (!said.receipt.isCurrent(now)) {
        this.pending.delete(handle);
        this.logger.debug('a lease ran out before it was settled');
        continue;
      }
      if (isRemoval(said) !== isRemoval(taken[0] ?? said)) continue;
      this.pending.delete(handle);
      taken.push(said);
      if (taken.length === ENTRIES_MAX) break;
    }
    return taken;
  }

  /** @returns what has to be said again */
  private async tell(group: readonly Said[]): Promise<readonly Said[]> {
    try {
      const failures = await this.request(group);
      const again = failures.filter(({ SenderFault, Code }) => mayRepeat(SenderFault, Code));
      // The others' receipts have expired: somebody else has these batches, or nobody.
      if (failures.length > 0)
        this.logger.debug({ failures, againCount: again.length }, 'not every batch was settled');
      return again.flatMap(({ Id }) => group[Number(Id)] ?? []);
    } catch (error) {
      if (isQueueMissing(error)) return [];
      this.logger.warn({ err: error, batchCount: group.length }, 'cannot settle batches');
      return isRefusal(error) ? [] : group;
    }
  }

  private async request(group: readonly Said[]): Promise<readonly BatchResultErrorEntry[]> {
    const { queueUrl: QueueUrl } = this;
    const entries = group.map(({ receipt, word }, position) => ({
      Id: String(position),
      ReceiptHandle: receipt.receiptHandle,
      VisibilityTimeout: word === 'remove' ? undefined : word,
    }));
    const { Failed = [] } = isRemoval(group[0])
      ? await this.client.send(
          new DeleteMessageBatchCommand({
            QueueUrl,
            Entries: entries.map(({ Id, ReceiptHandle }) => ({ Id, ReceiptHandle })),
          }),
        )
      : await this.client.send(
          new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: entries }),
        );
    return Failed;
  }
}

const isRemoval = (said: Said | undefined): boolean => said?.word === 'remove';

const mayRepeat = (isSenderFault: boolean | undefined, code = ''): boolean =>
  isSenderFault !== true || isThrottle(code);
