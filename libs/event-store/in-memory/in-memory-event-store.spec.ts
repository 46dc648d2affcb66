import { eventStoreContract } from '../event-store.contract.ts';
import { InMemoryEventStore } from './in-memory-event-store.ts';

eventStoreContract(async () => ({ store: new InMemoryEventStore(), close: async () => {} }));
