import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import type { AwsConfig } from './aws-config.ts';
import { regionOf, transport } from './client-settings.ts';

/**
 * SQS with the credentials, the region and the endpoint that AWS's default chain finds when the
 * client is first used; what `explicit` says goes before them.
 */
export function sqsClient(config: AwsConfig, explicit: SQSClientConfig = {}): SQSClient {
  return new SQSClient({
    ...transport(config),
    region: regionOf(new SQSClient()),
    // A queue's URL carries the name by which its server knows itself, which need not be one that
    // resolves here; the endpoint does.
    useQueueUrlAsEndpoint: false,
    ...explicit,
  });
}
