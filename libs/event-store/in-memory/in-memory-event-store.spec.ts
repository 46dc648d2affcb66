import { eventStoreContract, type OpenedStore } from '../event-store.contract.ts';
import { lifecycleSharingContract } from '../lifecycle-sharing.contract.ts';
import { InMemoryEventStore } from './in-memory-event-store.ts';

const open = async (): Promise<OpenedStore> => ({
  store: new InMemoryEventStore(),
  close: async () => {},
});

eventStoreContract(open);
lifecycleSharingContract(open);
