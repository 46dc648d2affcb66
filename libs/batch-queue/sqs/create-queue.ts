import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { isDeletedRecently, isNameTaken } from './sqs-errors.ts';

/** SQS takes a name again 60 s after a queue of that name was deleted. */
const DELETED_MS_MAX = 70_000;
const DELETED_PAUSE_MS = 2000;

export interface NewQueue {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly logger: Logger;
}

/**
 * Makes a queue; one that is there is left as it is, also when it was made with other settings.
 * Waits when one of that name was deleted a moment ago.
 *
 * @returns its URL, or an empty text when it was there with other settings
 */
export async function createQueue(
  client: SQSClient,
  { name, attributes, tags, logger }: NewQueue,
): Promise<string> {
  const command = new CreateQueueCommand({ QueueName: name, Attributes: attributes, tags });
  const givesUpAt = performance.now() + DELETED_MS_MAX;
  for (;;) {
    try {
      return (await client.send(command)).QueueUrl ?? '';
    } catch (error) {
      if (isNameTaken(error)) return '';
      const mayWait = isDeletedRecently(error) && performance.now() < givesUpAt;
      if (!mayWait) throw error;
      logger.info({ queue: name }, 'a queue of that name was deleted a moment ago; waiting');
      await pause(DELETED_PAUSE_MS);
    }
  }
}
