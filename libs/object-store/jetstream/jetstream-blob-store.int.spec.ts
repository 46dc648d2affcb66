import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { onReconnect } from '#libs/platform/nats/on-reconnect.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { blobStoreContract } from '../blob-store.contract.ts';
import { BlobStoreUnavailable } from '../blob-store.port.ts';
import { JetStreamBlobStore } from './jetstream-blob-store.ts';

async function open() {
  const server = await TestNatsServer.start();
  const connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  const blobs = await JetStreamBlobStore.open(connection);
  return {
    server,
    connection,
    blobs,
    close: async () => {
      await connection.close();
      await server.stop();
    },
  };
}

blobStoreContract(open);

describe('JetStreamBlobStore', () => {
  let close: () => Promise<void>;
  const opened = async (): Promise<Awaited<ReturnType<typeof open>>> => {
    const all = await open();
    ({ close } = all);
    return all;
  };
  afterEach(() => close());

  it('keeps objects across a kill and restart of the server', async () => {
    const { server, connection, blobs } = await opened();
    const large = new Uint8Array(3_000_000).fill(7);
    await blobs.put('items/1', large);
    const reconnected = new Promise<void>((resolve) => onReconnect(connection, resolve));
    await server.restart();
    await reconnected;
    const kept = (await blobs.get('items/1')) ?? new Uint8Array(0);
    expect(Buffer.compare(kept, large)).toBe(0);
  });

  it('opens a bucket that is there', async () => {
    const { connection, blobs } = await opened();
    await blobs.put('k', Uint8Array.of(1));
    const again = await JetStreamBlobStore.open(connection);
    expect(await again.get('k')).toEqual(Uint8Array.of(1));
  });

  it('says that the store cannot be reached', async () => {
    const { connection, blobs } = await opened();
    await connection.close();
    await expect(blobs.put('k', Uint8Array.of(1))).rejects.toBeInstanceOf(BlobStoreUnavailable);
    await expect(blobs.get('k')).rejects.toBeInstanceOf(BlobStoreUnavailable);
    await expect(blobs.delete('k')).rejects.toBeInstanceOf(BlobStoreUnavailable);
  });
});
