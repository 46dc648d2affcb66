import { inputFilesContract } from '../input-files.contract.ts';
import { InMemoryInputFiles } from './in-memory-input-files.ts';

inputFilesContract(async () => {
  const files = new InMemoryInputFiles();
  return {
    files,
    createBucket: async (bucket) => files.createBucket(bucket),
    put: async (bucket, key, bytes, options) => {
      files.put(bucket, key, bytes, options);
    },
    remove: async (bucket, key) => files.remove(bucket, key),
    close: async () => {},
  };
});
