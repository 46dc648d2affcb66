import { describe, expect, it } from '@jest/globals';
import { TestAwsServer } from '#test/support/aws-server.ts';
import { archiveStoreContract } from '../archive-store.contract.ts';
import { ArchiveStoreUnavailable } from '../archive-store.port.ts';
import { S3ArchiveStore } from './s3-archive-store.ts';

archiveStoreContract(async () => {
  const server = await TestAwsServer.start();
  await server.createBucket('archive');
  return { archives: new S3ArchiveStore(server.s3), close: () => server.stop() };
});

describe('S3 that does not answer', () => {
  it('is told with the name of the object', async () => {
    const server = await TestAwsServer.start();
    const archives = new S3ArchiveStore(server.s3);
    const reading = archives.read('s3://archive/a');
    const port = server.port;
    await server.stop();
    expect(port).toBeGreaterThan(0);
    const read = reading[Symbol.asyncIterator]().next();
    await expect(read).rejects.toThrow(ArchiveStoreUnavailable);
    await expect(read).rejects.toThrow('s3://archive/a cannot be read now');
  });
});
