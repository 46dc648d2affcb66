import { expect, it } from '@jest/globals';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { documentStoreContract, type OpenedDocumentStore } from '../document-store.contract.ts';
import { DocumentStoreUnavailable } from '../document-store.port.ts';
import { JetStreamDocumentStore } from './jetstream-document-store.ts';

const KEY = { generation: 1, jobId: jobId('a'.repeat(16)) };

async function open(): Promise<OpenedDocumentStore & { readonly server: TestNatsServer }> {
  const server = await TestNatsServer.start();
  const connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  const documents = await JetStreamDocumentStore.open(connection);
  return {
    documents,
    server,
    close: async () => {
      documents.close();
      await connection.close();
      await server.stop();
    },
  };
}

documentStoreContract(open);

it('a document that no NATS message holds is refused, and nothing hangs', async () => {
  const opened = await open();
  const { documents } = opened;
  await expect(documents.put(KEY, 'x'.repeat(2_000_000))).rejects.toThrow(DocumentStoreUnavailable);
  expect(await documents.get(KEY)).toBeNull();
  await opened.close();
});

it('documents survive a restart of the server, as does who opens them anew', async () => {
  const opened = await open();
  const { documents, server } = opened;
  await documents.put(KEY, '{"a":1}');
  await server.restart();
  const connection = await connectNats(server.url, { name: 'later', logger: silentLogger });
  const later = await JetStreamDocumentStore.open(connection);
  expect(await later.get(KEY)).toBe('{"a":1}');
  later.close();
  await connection.close();
  await opened.close();
});
