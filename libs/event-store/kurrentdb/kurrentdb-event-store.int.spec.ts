import { silentLogger } from '#libs/platform/logger.ts';
import { TestKurrentServer } from '#test/support/kurrentdb/kurrentdb-server.ts';
import { eventStoreContract, type OpenedStore } from '../event-store.contract.ts';
import { lifecycleSharingContract } from '../lifecycle-sharing.contract.ts';
import { KurrentDbEventStore } from './kurrentdb-event-store.ts';

async function open(): Promise<OpenedStore> {
  const server = await TestKurrentServer.start();
  const store = await KurrentDbEventStore.open(server.url, { logger: silentLogger });
  return {
    store,
    close: async () => {
      await store.close();
      await server.stop();
    },
  };
}

eventStoreContract(open);
lifecycleSharingContract(open);
