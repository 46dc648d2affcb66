import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { DeadLetterQueueUnusable } from '../batch-queue.port.ts';
import { parseQueueArn, type QueueArn } from '../queue-arn.ts';
import { type QueueUrls, urlOfQueue } from './queue-urls.ts';
import { codeOf, isDenied, isQueueMissing } from './sqs-errors.ts';

const NEEDED =
  'sqs:GetQueueUrl, sqs:GetQueueAttributes, sqs:SendMessage, sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility';
const redriveAllowPolicy = z.object({ redrivePermission: z.string() });

/**
 * The URL of a dead-letter queue that a job's queue can have: FIFO as it is, in its region and
 * account, and there.
 *
 * @throws DeadLetterQueueUnusable that says what to do
 */
export async function urlOfDeadLetterQueue(
  client: SQSClient,
  urls: QueueUrls,
  arn: string,
): Promise<string> {
  const target = parseQueueArn(arn);
  await checkPlace(client, urls, { arn, target });
  const { queueName: name, accountId: account } = target;
  try {
    const url = await urlOfQueue(client, { name, account });
    if (url === null) throw missing(arn, target);
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    checkKind(arn, Attributes);
    return url;
  } catch (error) {
    if (isQueueMissing(error)) throw missing(arn, target);
    if (isDenied(error))
      throw new DeadLetterQueueUnusable(
        `${arn} may not be used with the platform's AWS credentials (${codeOf(error)}); allow them ${NEEDED}`,
        { cause: error },
      );
    throw error;
  }
}

async function checkPlace(
  client: SQSClient,
  urls: QueueUrls,
  { arn, target }: { readonly arn: string; readonly target: QueueArn },
): Promise<void> {
  const region = await client.config.region();
  if (target.region !== region)
    throw new DeadLetterQueueUnusable(
      `${arn} is in ${target.region} but jobs are queued in ${region}; use a dead-letter queue in ${region}`,
    );
  if (urls.isOfAws && target.accountId !== urls.account)
    throw new DeadLetterQueueUnusable(
      `${arn} belongs to account ${target.accountId} but jobs are queued in account ${urls.account}; use a dead-letter queue in that account`,
    );
}

function checkKind(arn: string, attributes: Readonly<Record<string, string | undefined>>): void {
  if (attributes['FifoQueue'] !== 'true')
    throw new DeadLetterQueueUnusable(
      `${arn} is a standard queue but the queue of a job is FIFO; create a FIFO queue, whose name ends in .fifo, and use that`,
    );
  const permission = redrivePermissionIn(attributes['RedriveAllowPolicy']);
  if (permission === 'denyAll' || permission === 'byQueue')
    throw new DeadLetterQueueUnusable(
      `${arn} has a redrive allow policy (${permission}) that keeps the queue of a new job out; set it to allowAll`,
    );
}

/** Everybody may unless it says otherwise. */
function redrivePermissionIn(policy: string | undefined): string {
  try {
    return redriveAllowPolicy.parse(JSON.parse(policy ?? '')).redrivePermission;
  } catch {
    return 'allowAll';
  }
}

const missing = (arn: string, { region, accountId }: QueueArn): DeadLetterQueueUnusable =>
  new DeadLetterQueueUnusable(
    `${arn} does not exist, or the platform's AWS credentials may not know of it; create the queue in ${region} of account ${accountId}, or allow them ${NEEDED}`,
  );
