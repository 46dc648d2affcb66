import { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import {
  ArchiveMissing,
  type ArchiveStore,
  ArchiveStoreUnavailable,
} from '../archive-store.port.ts';
import { parseS3Path } from '../selection/s3-path.ts';

/** AWS takes at most 10,000 parts of an object, so an archive may have 80 GB. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_A_TIME = 2;
/** How often a reading that broke off is taken up again behind what has come. */
const RESUMED_MAX = 3;

/** Archives in buckets of S3, or of a store that speaks its protocol. */
export class S3ArchiveStore implements ArchiveStore {
  /** @param s3 tries requests again that may be tried again */
  constructor(private readonly s3: S3Client) {}

  async write(url: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { bucket: Bucket, prefix: Key } = parseS3Path(url);
    const body = Readable.from(content, { objectMode: false });
    const upload = new Upload({
      client: this.s3,
      queueSize: PARTS_AT_A_TIME,
      partSize: PART_BYTES,
      params: { Bucket, Key, Body: body, ContentType: 'application/gzip' },
    });
    try {
      await upload.done();
    } catch (error) {
      if (error === body.errored) throw error;
      throw unavailable(url, 'written', error);
    } finally {
      body.destroy();
    }
  }

  async *read(url: string): AsyncGenerator<Uint8Array> {
    let offsetBytes = 0;
    let etag: string | undefined;
    for (let attempt = 0; ; attempt++) {
      const opened = await this.open(url, { offsetBytes, etag });
      etag = opened.etag;
      try {
        for await (const chunk of opened.body) {
          yield chunk;
          offsetBytes += chunk.length;
        }
        return;
      } catch (error) {
        if (attempt >= RESUMED_MAX) throw unavailable(url, 'read', error);
      } finally {
        opened.body.destroy();
      }
    }
  }

  private async open(url: string, { offsetBytes, etag }: ReadPlace): Promise<OpenedObject> {
    const { bucket: Bucket, prefix: Key } = parseS3Path(url);
    try {
      const command = new GetObjectCommand({
        Bucket,
        Key,
        IfMatch: etag,
        ...(offsetBytes > 0 && { Range: `bytes=${offsetBytes}-` }),
      });
      const { Body: body, ETag } = await this.s3.send(command);
      if (!(body instanceof Readable)) throw new Error('the answer has no body');
      // Whoever has not begun to read it is not to fall over an error of it.
      body.on('error', () => {});
      return { body, etag: ETag };
    } catch (error) {
      if (isMissing(error)) throw new ArchiveMissing(url, { cause: error });
      throw unavailable(url, 'read', error);
    }
  }
}

interface ReadPlace {
  readonly offsetBytes: number;
  /** Of what was read before it. */
  readonly etag: string | undefined;
}

interface OpenedObject {
  readonly body: AsyncIterable<Uint8Array> & Readable;
  readonly etag: string | undefined;
}

const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException &&
  (error.name === 'NoSuchKey' || error.name === 'NotFound' || error.name === 'NoSuchBucket');

function unavailable(url: string, done: string, cause: unknown): ArchiveStoreUnavailable {
  const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new ArchiveStoreUnavailable(`${url} cannot be ${done} now: ${said}`, { cause });
}
