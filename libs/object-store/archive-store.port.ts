/** The store cannot be reached now; retry is safe. The message names the object. */
export class ArchiveStoreUnavailable extends Error {
  override readonly name = 'ArchiveStoreUnavailable';
}

/** There is no such object. */
export class ArchiveMissing extends Error {
  override readonly name = 'ArchiveMissing';
  constructor(url: string, options?: ErrorOptions) {
    super(`${url} is missing`, options);
  }
}

/** Objects of any size that are written once and kept for long, each under a URL `s3://bucket/key`. */
export interface ArchiveStore {
  /**
   * Writes an object as it comes, in the place of what was there. Readers see the old or the new,
   * whole; of one that breaks off they see nothing.
   *
   * @throws ArchiveStoreUnavailable, or what `content` throws
   */
  write(url: string, content: AsyncIterable<Uint8Array>): Promise<void>;

  /**
   * The object's bytes, in chunks of any size. Whoever leaves early need not do anything else.
   *
   * @throws ArchiveMissing, ArchiveStoreUnavailable, also while it is iterated
   */
  read(url: string): AsyncIterable<Uint8Array>;
}
