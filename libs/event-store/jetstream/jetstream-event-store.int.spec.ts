import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { eventStoreContract, type OpenedStore } from '../event-store.contract.ts';
import { lifecycleSharingContract } from '../lifecycle-sharing.contract.ts';
import { lookingBackContract } from '../looking-back.contract.ts';
import { JetStreamEventStore } from './jetstream-event-store.ts';

async function open(): Promise<OpenedStore> {
  const server = await TestNatsServer.start();
  const connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  const store = await JetStreamEventStore.open(connection, { logger: silentLogger });
  return {
    store,
    close: async () => {
      await store.close();
      await connection.close();
      await server.stop();
    },
  };
}

eventStoreContract(open);
lifecycleSharingContract(open);
lookingBackContract(open);
