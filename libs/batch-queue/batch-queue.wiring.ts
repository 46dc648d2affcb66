import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import type { BatchQueue } from './batch-queue.port.ts';
import { JetStreamBatchQueue } from './jetstream/jetstream-batch-queue.ts';
import type { QueueConfig } from './queue-config.ts';

/**
 * The queue that the configuration names. AWS's client takes longer to load than a worker to start,
 * so it is loaded only where it is used.
 *
 * @throws BatchQueueUnavailable when it cannot be reached
 */
export function openBatchQueue(
  connection: NatsConnection,
  config: QueueConfig,
  logger: Logger,
): Promise<BatchQueue> {
  switch (config.kind) {
    case 'jetstream':
      return JetStreamBatchQueue.open(connection, { leaseMs: config.leaseMs, logger });
    case 'sqs':
      return openSqs(connection, config, logger);
    default:
      return unreachable(config.kind);
  }
}

async function openSqs(
  connection: NatsConnection,
  { aws, leaseMs }: QueueConfig,
  logger: Logger,
): Promise<BatchQueue> {
  const [{ sqsClient }, { SqsBatchQueue }, { installationId }] = await Promise.all([
    import('#libs/platform/aws/sqs-client.ts'),
    import('./sqs/sqs-batch-queue.ts'),
    import('#libs/platform/nats/installation-id.ts'),
  ]);
  const installation = await installationId(connection);
  return SqsBatchQueue.open({ client: sqsClient(aws), installation, leaseMs, logger });
}
