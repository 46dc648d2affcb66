import { createHash } from 'node:crypto';
import {
  type InputFile,
  type InputFileContent,
  InputFileRefused,
  type InputFiles,
  type InputLocation,
} from '../input-files.port.ts';

/** As S3 has it. */
const PAGE_FILES_MAX = 1000;
/** Small, so that callers meet lines and characters that are cut in two. */
const CHUNK_BYTES = 1000;

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly contentEncoding: string | null;
}

/** Buckets that live as long as their process. */
export class InMemoryInputFiles implements InputFiles {
  private readonly buckets = new Map<string, Map<string, StoredObject>>();

  /** @param options.pageFilesMax how many files a page of a listing has at most */
  constructor(private readonly options: { readonly pageFilesMax?: number } = {}) {}

  createBucket(bucket: string): void {
    if (!this.buckets.has(bucket)) this.buckets.set(bucket, new Map());
  }

  /** Stores an object, in the place of what was there; makes the bucket when there is none. */
  put(
    bucket: string,
    key: string,
    bytes: Uint8Array | string,
    options: { readonly contentEncoding?: string } = {},
  ): InputFile {
    this.createBucket(bucket);
    const stored = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes.slice();
    const etag = `"${createHash('md5').update(stored).digest('hex')}"`;
    const contentEncoding = options.contentEncoding ?? null;
    this.buckets.get(bucket)?.set(key, { bytes: stored, etag, contentEncoding });
    return { bucket, key, sizeBytes: stored.length, etag };
  }

  remove(bucket: string, key: string): void {
    this.buckets.get(bucket)?.delete(key);
  }

  async *list(
    { bucket, prefix }: InputLocation,
    after: string | null,
    signal: AbortSignal,
  ): AsyncIterable<readonly InputFile[]> {
    await aTurn();
    signal.throwIfAborted();
    const files = [...this.objectsOf(bucket)]
      .filter(([key]) => key.startsWith(prefix) && (after === null || isBefore(after, key)))
      .map(([key, { bytes, etag }]) => ({ bucket, key, sizeBytes: bytes.length, etag }))
      .toSorted((a, b) => (isBefore(a.key, b.key) ? -1 : 1));
    const pageFilesMax = this.options.pageFilesMax ?? PAGE_FILES_MAX;
    for (let first = 0; first === 0 || first < files.length; first += pageFilesMax) {
      yield files.slice(first, first + pageFilesMax);
      await aTurn();
      signal.throwIfAborted();
    }
  }

  async read(
    { bucket, key, etag }: InputFile,
    offsetBytes: number,
    signal: AbortSignal,
  ): Promise<InputFileContent> {
    await aTurn();
    signal.throwIfAborted();
    const path = `s3://${bucket}/${key}`;
    const found = this.objectsOf(bucket).get(key);
    if (found === undefined) throw new InputFileRefused('aws.file_not_found', `no file ${path}`);
    if (found.etag !== etag)
      throw new InputFileRefused('aws.file_changed', `${path} changed after it was listed`);
    return {
      contentEncoding: found.contentEncoding,
      chunks: chunksOf(found.bytes.subarray(offsetBytes), signal),
    };
  }

  private objectsOf(bucket: string): ReadonlyMap<string, StoredObject> {
    const objects = this.buckets.get(bucket);
    if (objects === undefined)
      throw new InputFileRefused('aws.bucket_not_found', `there is no bucket s3://${bucket}`);
    return objects;
  }
}

async function* chunksOf(bytes: Uint8Array, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
    await aTurn();
    signal.throwIfAborted();
    yield bytes.slice(offset, offset + CHUNK_BYTES);
  }
}

const isBefore = (a: string, b: string): boolean =>
  Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;

/** Nothing that crosses a network happens at once; callers that rely on it fail here too. */
const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
