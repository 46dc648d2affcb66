import type { JobId } from '#libs/domain/kernel/ids.ts';

/** The store cannot be reached or refuses to store; retry is safe. */
export class DocumentStoreUnavailable extends Error {
  override readonly name = 'DocumentStoreUnavailable';
}

/** Where the document of an ended job is: each rebuild of the projection has documents of its own. */
export interface DocumentKey {
  /** From 1. */
  readonly generation: number;
  readonly jobId: JobId;
}

/** Any text, and the revision that replacing it has to name; 0 of one that was never written. */
export interface ProjectionRecord {
  readonly text: string | null;
  readonly revision: number;
}

/**
 * What is shown of ended jobs, outside of anybody's memory, and the record of which generation is in use.
 *
 * It is a cache: what is missing here is folded from the log again.
 */
export interface DocumentStore {
  /** Stores JSON text, in the place of what was there. Many may be under way at a time. */
  put(key: DocumentKey, json: string): Promise<void>;
  /** `null` when there is none. */
  get(key: DocumentKey): Promise<string | null>;
  /** Deletes all documents of a generation; one without any is deleted already. */
  deleteGeneration(generation: number): Promise<void>;
  readRecord(): Promise<ProjectionRecord>;
  /** @returns whether it was written: not when it is at another revision */
  writeRecord(text: string, revision: number): Promise<boolean>;
}
