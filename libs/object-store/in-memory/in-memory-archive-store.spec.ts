import { archiveStoreContract } from '../archive-store.contract.ts';
import { InMemoryArchiveStore } from './in-memory-archive-store.ts';

archiveStoreContract(async () => ({
  archives: new InMemoryArchiveStore(),
  close: async () => {},
}));
