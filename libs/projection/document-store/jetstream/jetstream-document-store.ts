import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { declareTogether } from '#libs/platform/nats/declare-together.ts';
import { PipelinedPublisher } from '#libs/platform/nats/pipelined-publisher.ts';
import {
  type DocumentKey,
  type DocumentStore,
  DocumentStoreUnavailable,
  type ProjectionRecord,
} from '../document-store.port.ts';

const BUCKET = 'CORTEX_DOCUMENTS';
const STREAM = `KV_${BUCKET}`;
const RECORD = 'projection';
const TIMEOUT_MS = 5000;

const WRONG_REVISION: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

/**
 * Documents in a key-value bucket, under `<generation>.<job>`.
 *
 * They are published as the library publishes them, only that many are under way at a time: a rebuild
 * stores them by the hundred thousand.
 */
export class JetStreamDocumentStore implements DocumentStore {
  private readonly publisher: PipelinedPublisher;

  private constructor(
    connection: NatsConnection,
    private readonly bucket: KV,
    private readonly manager: JetStreamManager,
  ) {
    this.publisher = new PipelinedPublisher(connection, TIMEOUT_MS);
  }

  /**
   * Makes the bucket when there is none. The store does not close the connection.
   *
   * @throws DocumentStoreUnavailable when the server does not answer or has no JetStream
   */
  static open(connection: NatsConnection): Promise<JetStreamDocumentStore> {
    return reached('open', async () => {
      const manager: JetStreamManager = await jetstreamManager(connection, { timeout: TIMEOUT_MS });
      const client = jetstream(connection, { timeout: TIMEOUT_MS });
      const bucket = await declareTogether(() => new Kvm(client).create(BUCKET, { history: 1 }));
      return new JetStreamDocumentStore(connection, bucket, manager);
    });
  }

  put({ generation, jobId }: DocumentKey, json: string): Promise<void> {
    const key = `${generation}.${jobId}`;
    return reached(key, async () => {
      const payload = new TextEncoder().encode(json);
      // Without an id: it may be sent twice, and then it overwrites itself.
      await this.publisher.publish({
        subject: `$KV.${BUCKET}.${key}`,
        payload,
        headers: headers(),
      });
    });
  }

  get({ generation, jobId }: DocumentKey): Promise<string | null> {
    const key = `${generation}.${jobId}`;
    return reached(key, async () => {
      const entry = await this.bucket.get(key);
      return entry?.operation === 'PUT' ? entry.string() : null;
    });
  }

  deleteGeneration(generation: number): Promise<void> {
    return reached(`generation ${generation}`, async () => {
      await this.manager.streams.purge(STREAM, { filter: `$KV.${BUCKET}.${generation}.>` });
    });
  }

  readRecord(): Promise<ProjectionRecord> {
    return reached(RECORD, async () => {
      const entry = await this.bucket.get(RECORD);
      if (entry?.operation !== 'PUT') return { text: null, revision: entry?.revision ?? 0 };
      return { text: entry.string(), revision: entry.revision };
    });
  }

  writeRecord(text: string, revision: number): Promise<boolean> {
    return reached(RECORD, async () => {
      try {
        if (revision === 0) await this.bucket.create(RECORD, text);
        else await this.bucket.update(RECORD, text, revision);
        return true;
      } catch (error) {
        if (error instanceof JetStreamApiError && WRONG_REVISION.has(error.code)) return false;
        throw error;
      }
    });
  }

  /** What is still under way is reported as not stored. */
  close(): void {
    this.publisher.close();
  }
}

async function reached<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'no answer';
    throw new DocumentStoreUnavailable(`document store, ${what}: ${problem}`, { cause });
  }
}
