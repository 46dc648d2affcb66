import { documentStoreContract } from '../document-store.contract.ts';
import { InMemoryDocumentStore } from './in-memory-document-store.ts';

documentStoreContract(() =>
  Promise.resolve({ documents: new InMemoryDocumentStore(), close: () => Promise.resolve() }),
);
