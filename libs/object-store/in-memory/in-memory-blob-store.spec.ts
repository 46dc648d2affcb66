import { blobStoreContract } from '../blob-store.contract.ts';
import { InMemoryBlobStore } from './in-memory-blob-store.ts';

blobStoreContract(async () => ({ blobs: new InMemoryBlobStore(), close: async () => {} }));
