import { GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Logger } from '#libs/platform/logger.ts';
import type { JobQueueKey } from '../batch-queue.port.ts';
import { createQueue } from './create-queue.ts';
import { isQueueMissing } from './sqs-errors.ts';
import { jobQueueName, markerQueueName } from './sqs-names.ts';

/**
 * The URLs of an installation's queues, known before the queues exist.
 *
 * A URL tells the account, and on servers other than AWS's whatever they put there. So SQS is asked
 * once, for the URL of a queue that every installation has: it holds nothing, and stays.
 */
export class QueueUrls {
  private constructor(
    private readonly prefix: string,
    readonly installation: string,
  ) {}

  /** Makes the installation's marker queue if it is not there. */
  static async learn(
    client: SQSClient,
    { installation, logger }: { readonly installation: string; readonly logger: Logger },
  ): Promise<QueueUrls> {
    const name = markerQueueName(installation);
    const url =
      (await urlOfQueue(client, { name })) ??
      (await createQueue(client, { name, tags: { installation }, logger }));
    return new QueueUrls(url.slice(0, url.lastIndexOf('/') + 1), installation);
  }

  /** In AWS's URLs; elsewhere whatever stands there. */
  get account(): string {
    return this.prefix.split('/').at(-2) ?? '';
  }

  get isOfAws(): boolean {
    return /^https:\/\/[^/]+[.]amazonaws[.]com([.]cn)?\//.test(this.prefix);
  }

  of(key: JobQueueKey): string {
    return this.prefix + jobQueueName(this.installation, key);
  }
}

/** @returns `null` when there is no such queue, or none that we may know of */
export async function urlOfQueue(
  client: SQSClient,
  { name, account }: { readonly name: string; readonly account?: string },
): Promise<string | null> {
  try {
    const command = new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account });
    return (await client.send(command)).QueueUrl ?? null;
  } catch (error) {
    if (isQueueMissing(error)) return null;
    throw error;
  }
}
