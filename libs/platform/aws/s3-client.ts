import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { AwsConfig } from './aws-config.ts';
import { regionOf, transport } from './client-settings.ts';

/**
 * S3 with the credentials, the region and the endpoint that AWS's default chain finds when the
 * client is first used; what `explicit` says goes before them.
 */
export function s3Client(config: AwsConfig, explicit: S3ClientConfig = {}): S3Client {
  return new S3Client({
    ...transport(config),
    region: regionOf(new S3Client()),
    forcePathStyle: config.isPathStyle,
    followRegionRedirects: true,
    ...explicit,
  });
}
