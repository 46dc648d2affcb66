import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { Rejection } from '#libs/domain/kernel/errors.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { BatchQueueUnavailable } from '../batch-queue.port.ts';
import { Backoff } from './backoff.ts';
import { inParallel } from './in-parallel.ts';
import type { SendEntry } from './send-requests.ts';
import { isQueueMissing, isRefusal, isThrottle } from './sqs-errors.ts';

/** Enough to hide the way to SQS; a FIFO queue of high throughput takes thousands a second. */
const REQUESTS_IN_FLIGHT_MAX = 8;
/** Long enough to sit out a throttled spell, and a small part of the five minutes that SQS remembers ids. */
const SEND_RETRY_MS_MAX = 20_000;

/** SQS will take this batch at no time, however often it is sent. */
export class BatchRefused extends Rejection {
  readonly code = 'batch_queue.batch_refused';
}

export interface SendOptions {
  readonly logger: Logger;
  /** How long to try again before giving up. */
  readonly retryMs?: number | undefined;
  /** Asked when the queue is not there: whether it was made so recently that it may yet appear. */
  mayAppear(): boolean;
}

/** Sends a job's batches so that each is known to be stored, or says that it is not. */
export class SqsSender {
  private readonly givesUpAt: number;
  private isMissing = false;

  constructor(
    private readonly client: SQSClient,
    private readonly queueUrl: string,
    private readonly options: SendOptions,
  ) {
    this.givesUpAt = performance.now() + (options.retryMs ?? SEND_RETRY_MS_MAX);
  }

  /**
   * Sends all, several requests at a time. Nothing is stored, and nothing said, when the queue is
   * not there.
   *
   * @throws BatchRefused when a batch can never be sent; BatchQueueUnavailable otherwise
   */
  async send(requests: Iterable<readonly SendEntry[]>): Promise<void> {
    await inParallel(requests, REQUESTS_IN_FLIGHT_MAX, (entries) => this.sendRequest(entries));
    if (this.isMissing) {
      const { queueUrl } = this;
      this.options.logger.warn({ queueUrl }, 'the queue is not there; its batches went nowhere');
    }
  }

  private async sendRequest(entries: readonly SendEntry[]): Promise<void> {
    const backoff = new Backoff();
    let unsent = entries;
    while (!this.isMissing) {
      const { failed, cause } = await this.sendOnce(unsent);
      if (failed.length === 0) return;
      if (performance.now() >= this.givesUpAt)
        throw new BatchQueueUnavailable('not every batch was stored', { cause });
      this.options.logger.debug({ batchCount: failed.length, err: cause }, 'sending batches again');
      unsent = failed;
      await backoff.wait();
    }
  }

  /** @returns the entries to send again, and why */
  private async sendOnce(
    entries: readonly SendEntry[],
  ): Promise<{ readonly failed: readonly SendEntry[]; readonly cause?: unknown }> {
    const command = new SendMessageBatchCommand({ QueueUrl: this.queueUrl, Entries: [...entries] });
    try {
      const { Failed = [] } = await this.client.send(command);
      const byId = new Map(Failed.map((failure) => [failure.Id, failure]));
      for (const entry of entries) refuse(entry, byId.get(entry.Id));
      return { failed: entries.filter(({ Id }) => byId.has(Id)), cause: Failed[0] };
    } catch (error) {
      if (isQueueMissing(error)) {
        this.isMissing = !this.options.mayAppear();
        return { failed: this.isMissing ? [] : entries, cause: error };
      }
      if (isRefusal(error) || error instanceof BatchRefused) throw error;
      return { failed: entries, cause: error };
    }
  }
}

interface Failure {
  readonly Code: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault: boolean | undefined;
}

function refuse({ MessageDeduplicationId: id }: SendEntry, failure: Failure | undefined): void {
  const { Code = '', Message = '', SenderFault = false } = failure ?? {};
  if (SenderFault && !isThrottle(Code))
    throw new BatchRefused(`SQS refuses batch ${id}: ${Code}: ${Message}`);
}
