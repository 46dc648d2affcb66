import type { AwsConfig } from '#libs/platform/aws/aws-config.ts';
import type { ArchiveStore } from './archive-store.port.ts';

/**
 * Archives in S3. AWS's client takes as long to load as a service to start, so it is loaded when the
 * first archive is written or read.
 */
export function openArchiveStore(config: AwsConfig): ArchiveStore {
  return new ArchiveStoreOnUse(async () => {
    const [{ s3Client }, { S3ArchiveStore }] = await Promise.all([
      import('#libs/platform/aws/s3-client.ts'),
      import('./s3/s3-archive-store.ts'),
    ]);
    return new S3ArchiveStore(s3Client(config));
  });
}

class ArchiveStoreOnUse implements ArchiveStore {
  private opened: Promise<ArchiveStore> | null = null;

  constructor(private readonly open: () => Promise<ArchiveStore>) {}

  async write(url: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    return (await this.store()).write(url, content);
  }

  async *read(url: string): AsyncGenerator<Uint8Array> {
    yield* (await this.store()).read(url);
  }

  private store(): Promise<ArchiveStore> {
    return (this.opened ??= this.open());
  }
}
