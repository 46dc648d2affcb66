import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { BatchQueueUnavailable } from '../batch-queue.port.ts';
import { ENTRIES_MAX, groupsOf, inParallel } from './in-parallel.ts';

/** What was looked at stays out of sight so long, or it would be looked at again; then it is there again by itself. */
const HIDDEN_S = 120;
/** Before the first that was looked at comes again. */
const SCAN_MS_MAX = 100_000;
/** A receive that waits asks every server that holds messages; one that does not only some. */
const WAIT_S = 1;
/** Looks that find nothing while somebody else holds messages. */
const EMPTY_LOOKS_MAX = 3;
const REQUESTS_IN_FLIGHT = 4;

/**
 * Looks at every message that is in a queue now, and makes all it did not keep visible again.
 *
 * @param look says whether the message is done with, and stays hidden
 * @returns whether there may be more that somebody else was looking at
 * @throws BatchQueueUnavailable when there are more than can be looked at in time
 */
export async function scanQueue(
  client: SQSClient,
  queueUrl: string,
  look: (messages: readonly Message[]) => Promise<readonly Message[]> | readonly Message[],
): Promise<{ readonly isComplete: boolean }> {
  const endsAt = performance.now() + SCAN_MS_MAX;
  const seen: string[] = [];
  try {
    for (let emptyLooks = 0; ;) {
      const messages = await receiveSome(client, queueUrl);
      seen.push(...messages.map(({ ReceiptHandle = '' }) => ReceiptHandle));
      const done = new Set((await look(messages)).map(({ ReceiptHandle }) => ReceiptHandle));
      if (done.size > 0) seen.splice(0, seen.length, ...seen.filter((handle) => !done.has(handle)));
      if (performance.now() > endsAt)
        throw new BatchQueueUnavailable(
          `${queueUrl} holds more messages than can be looked through in ${SCAN_MS_MAX / 1000} s`,
        );
      if (messages.length > 0) continue;
      if (!(await isHeldByOthers(client, queueUrl, seen.length))) return { isComplete: true };
      if (++emptyLooks > EMPTY_LOOKS_MAX) return { isComplete: false };
    }
  } finally {
    await showAgain(client, queueUrl, seen);
  }
}

async function receiveSome(client: SQSClient, QueueUrl: string): Promise<readonly Message[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: ENTRIES_MAX,
      WaitTimeSeconds: WAIT_S,
      VisibilityTimeout: HIDDEN_S,
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageDeduplicationId'],
      MessageAttributeNames: ['All'],
    }),
  );
  return Messages;
}

/** The count is approximate: when in doubt, it is looked once more. */
async function isHeldByOthers(
  client: SQSClient,
  QueueUrl: string,
  ownCount: number,
): Promise<boolean> {
  const name = 'ApproximateNumberOfMessagesNotVisible';
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] }),
  );
  return Number(Attributes[name] ?? 0) > ownCount;
}

/** What this misses shows itself again when its time is over. */
async function showAgain(
  client: SQSClient,
  QueueUrl: string,
  receiptHandles: readonly string[],
): Promise<void> {
  await inParallel(groupsOf(receiptHandles), REQUESTS_IN_FLIGHT, async (handles) => {
    const Entries = handles.map((ReceiptHandle, position) => ({
      Id: String(position),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  });
}
