/** The store cannot be reached; retry is safe. */
export class BlobStoreUnavailable extends Error {
  override readonly name = 'BlobStoreUnavailable';
}

/** Whole objects of the platform's own: inline items, code archives, snapshots. At most 64 MiB each. */
export interface BlobStore {
  /** Stores `bytes` under `key`, in the place of what was there. Readers see the old or the new, whole. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** `null` when there is no such object. */
  get(key: string): Promise<Uint8Array | null>;
  /** Deletes the object; one that is not there is deleted already. */
  delete(key: string): Promise<void>;
}
