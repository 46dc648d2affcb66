import {
  DeleteMessageBatchCommand,
  type Message,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import {
  BatchQueueUnavailable,
  type DeadLetter,
  DeadLetterQueueUnusable,
  type JobQueueKey,
  type StoredDeadLetter,
} from '../batch-queue.port.ts';
import type { DeadLetterPage } from '../dead-letter-page.ts';
import { urlOfDeadLetterQueue } from './check-dead-letter-queue.ts';
import { bareDeadLetterMessage, deadLetterMessage, readDeadLetter } from './dead-letter-message.ts';
import { LowestLetters } from './lowest-letters.ts';
import type { QueueUrls } from './queue-urls.ts';
import { scanQueue } from './scan-queue.ts';
import { isRefusal, translated } from './sqs-errors.ts';

/**
 * Dead-letter queues, which are the users' own: other jobs' letters are in them, and who knows whose
 * messages. To read one is to receive all and to let go of them again, so a letter's handle is its
 * batch id, not what SQS gave for the moment it was received, and one reads at a time.
 */
export class SqsDeadLetters {
  private readonly urlsByArn = new Map<string, string>();
  private lastScan: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: SQSClient,
    private readonly urls: QueueUrls,
  ) {}

  /** @throws DeadLetterQueueUnusable */
  async check(arn: string): Promise<void> {
    this.urlsByArn.delete(arn);
    await this.urlOf(arn);
  }

  put(key: JobQueueKey, arn: string, letter: DeadLetter): Promise<void> {
    return translated('dead-letter a batch', async () => {
      const message = deadLetterMessage(key, await this.urlOf(arn), letter);
      try {
        await this.client.send(new SendMessageCommand(message));
      } catch (error) {
        if (!isTooLong(error)) throw error;
        // The queue allows 256 KiB and no more: rather the batch alone than neither.
        await this.putBare(arn, bareDeadLetterMessage(message, letter.payload));
      }
    });
  }

  read(key: JobQueueKey, arn: string, bytesMax: number): Promise<DeadLetterPage> {
    return translated('read dead letters', async () => {
      const lowest = new LowestLetters(bytesMax);
      await this.scan(arn, (messages) => {
        for (const { letter } of lettersIn(messages, key.jobId)) lowest.add(letter);
        return [];
      });
      return lowest.page();
    });
  }

  remove(key: JobQueueKey, arn: string, letters: readonly StoredDeadLetter[]): Promise<void> {
    return translated('remove dead letters', async () => {
      const missing = new Set(letters.map(({ handle }) => handle));
      const { isComplete } = await this.scan(arn, async (messages) => {
        const found = lettersIn(messages, key.jobId).filter(({ letter }) =>
          letters.some(({ handle }) => handle === letter.handle),
        );
        const gone = found.map(({ message }) => message);
        await this.deleteAll(await this.urlOf(arn), gone);
        for (const { letter } of found) missing.delete(letter.handle);
        return gone;
      });
      if (missing.size > 0 && !isComplete)
        throw new BatchQueueUnavailable(`somebody else is reading ${arn} at this moment`);
    });
  }

  private async putBare(
    arn: string,
    message: ConstructorParameters<typeof SendMessageCommand>[0],
  ): Promise<void> {
    try {
      await this.client.send(new SendMessageCommand(message));
    } catch (error) {
      if (!isTooLong(error)) throw error;
      throw new DeadLetterQueueUnusable(
        `${arn} does not take messages as large as a batch; raise its MaximumMessageSize to 1048576`,
        { cause: error },
      );
    }
  }

  private async deleteAll(QueueUrl: string, messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    const Entries = messages.map(({ ReceiptHandle = '' }, n) => ({ Id: String(n), ReceiptHandle }));
    const { Failed = [] } = await this.client.send(
      new DeleteMessageBatchCommand({ QueueUrl, Entries }),
    );
    if (Failed.length > 0)
      throw new BatchQueueUnavailable('not every dead letter was removed', { cause: Failed[0] });
  }

  /** One after the other: two at once would each hide messages from the other. */
  private scan(
    arn: string,
    look: Parameters<typeof scanQueue>[2],
  ): Promise<{ readonly isComplete: boolean }> {
    const before = this.lastScan.catch(() => {});
    const scan = before.then(async () => scanQueue(this.client, await this.urlOf(arn), look));
    this.lastScan = scan.catch(() => {});
    return scan;
  }

  private async urlOf(arn: string): Promise<string> {
    const known = this.urlsByArn.get(arn);
    if (known !== undefined) return known;
    const url = await urlOfDeadLetterQueue(this.client, this.urls, arn);
    this.urlsByArn.set(arn, url);
    return url;
  }
}

const lettersIn = (
  messages: readonly Message[],
  job: JobId,
): readonly { readonly message: Message; readonly letter: StoredDeadLetter }[] =>
  messages.flatMap((message) => {
    const letter = readDeadLetter(message, job);
    return letter === null ? [] : { message, letter };
  });

/** SQS has no code of its own for it. */
const isTooLong = (error: unknown): boolean =>
  isRefusal(error) && error instanceof Error && /shorter than|too long/i.test(error.message);
