import { createHash } from 'node:crypto';
import {
  type DirectStreamAPI,
  JetStreamApiError,
  jetstream,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type ObjectInfo, type ObjectStore, Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { declareTogether } from '#libs/platform/nats/declare-together.ts';
import { type BlobStore, BlobStoreUnavailable } from '../blob-store.port.ts';

const BUCKET = 'CORTEX_BLOBS';
/** Leaves room for headers in the 1 MiB that NATS takes at most. */
const CHUNK_BYTES_MAX = 512 * 1024;
const TIMEOUT_MS = 10_000;
/** How often an object may be overwritten while it is being read. */
const READ_ATTEMPTS_MAX = 10;

/**
 * Objects in a NATS object store.
 *
 * Reading is not left to the library: it waits without end for the chunks of an object that was
 * overwritten after it had looked the object up. Here the chunks are asked for one by one, and when
 * one is missing the object is looked up again.
 */
export class JetStreamBlobStore implements BlobStore {
  private constructor(
    private readonly objects: ObjectStore,
    private readonly chunks: DirectStreamAPI,
  ) {}

  /**
   * Makes the bucket when there is none. The store ends with its connection.
   *
   * @throws BlobStoreUnavailable when the server does not answer or has no JetStream
   */
  static open(connection: NatsConnection): Promise<JetStreamBlobStore> {
    return reached('open', async () => {
      const client = jetstream(connection, { timeout: TIMEOUT_MS });
      const manager: JetStreamManager = await jetstreamManager(connection, { timeout: TIMEOUT_MS });
      const objects = await declareTogether(() => new Objm(client).create(BUCKET));
      return new JetStreamBlobStore(objects, manager.direct);
    });
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    const name = encodeKey(key);
    return reached(key, async () => {
      const options = { max_chunk_size: CHUNK_BYTES_MAX };
      await this.objects.putBlob({ name, options }, bytes.slice(), { timeout: TIMEOUT_MS });
    });
  }

  get(key: string): Promise<Uint8Array | null> {
    return reached(key, async () => {
      for (let attempt = 1; attempt <= READ_ATTEMPTS_MAX; attempt++) {
        const info = await this.objects.info(encodeKey(key));
        if (info === null || info.deleted) return null;
        const bytes = await this.readChunks(info);
        if (bytes !== null && hasDigest(bytes, info.digest)) return bytes;
      }
      throw new Error('the object changes faster than it can be read, or is damaged');
    });
  }

  delete(key: string): Promise<void> {
    return reached(key, async () => {
      await this.objects.delete(encodeKey(key));
    });
  }

  /** `null` when a chunk is gone: the object was overwritten or deleted meanwhile. */
  private async readChunks({ nuid, size, chunks }: ObjectInfo): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(size);
    const subject = `$O.${BUCKET}.C.${nuid}`;
    let offset = 0;
    let sequence = 1;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const message = await this.chunks.getMessage(`OBJ_${BUCKET}`, {
        seq: sequence,
        next_by_subj: subject,
      });
      if (message === null || offset + message.data.length > size) return null;
      bytes.set(message.data, offset);
      offset += message.data.length;
      sequence = message.seq + 1;
    }
    return offset === size ? bytes : null;
  }
}

/** Any text is a key; what the library does with names that are no ASCII is its own business. */
const encodeKey = (key: string): string => encodeURIComponent(key);

const hasDigest = (bytes: Uint8Array, digest: string): boolean =>
  digest.replace(/^SHA-256=/, '').replaceAll(/=+$/g, '') ===
  createHash('sha256').update(bytes).digest('base64url');

async function reached<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const problem = cause instanceof JetStreamApiError ? cause.message : 'no answer';
    throw new BlobStoreUnavailable(`blob store, ${what}: ${problem}`, { cause });
  }
}
