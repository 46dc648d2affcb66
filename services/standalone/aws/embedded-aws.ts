import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { buildApp } from 'fauxqs';
import { z } from 'zod';
import { AWS_HOST_DEFAULT } from './aws.config.ts';
import { type FauxqsParts, loadFauxqsParts, type S3Store } from './fauxqs-parts.ts';
import { listResponse } from './list-response.ts';
import { MultipartUploads } from './multipart-uploads.ts';
import { ObjectBodies } from './object-bodies.ts';
import { objectResponse } from './object-response.ts';
import { ObjectStorage } from './object-storage.ts';

/** Above the parts of every uploader; a body is in memory while it arrives. AWS takes 5 GiB. */
const BODY_BYTES_MAX = 256 * 1024 * 1024;

export interface EmbeddedAws {
  readonly url: string;
  stop(): Promise<void>;
}

type App = ReturnType<typeof buildApp>;

/**
 * S3 and SQS on this machine (fauxqs), for anybody who reaches it: it looks at no credentials.
 * What was acknowledged survives the death of the process.
 *
 * @param folder of its own; everything it keeps is in it
 * @param port 0 takes a free one
 * @param host address it listens on
 */
export async function startEmbeddedAws({
  folder,
  port,
  host = AWS_HOST_DEFAULT,
}: {
  readonly folder: string;
  readonly port: number;
  readonly host?: string;
}): Promise<EmbeddedAws> {
  mkdirSync(folder, { recursive: true });
  const fauxqs = await loadFauxqsParts();
  const { stores, storage, close } = openStores(fauxqs, folder);
  const app = buildApp({ logger: false, stores });
  acceptLargeBodies(app);
  answerFromStorage(app, stores.s3Store, storage);
  app.get('/_cortex', () => ({ service: 'cortex-embedded-aws' }));
  app.addHook('onClose', async () => close());
  return { url: await app.listen({ port, host }), stop: () => app.close() };
}

function openStores(fauxqs: FauxqsParts, folder: string) {
  const records = new fauxqs.PersistenceManager(folder);
  const database = databaseOf(records);
  // The log of SQLite survives the death of the process also when not every write is synced.
  database.exec('PRAGMA synchronous = NORMAL');
  repairReleases(records, database);
  const bodies = new ObjectBodies(join(folder, 'objects'));
  const uploads = new MultipartUploads(join(folder, 'uploads'), bodies, fauxqs.S3Error);
  const storage = new ObjectStorage({ records, database, bodies, uploads });

  const stores = {
    sqsStore: new fauxqs.SqsStore(),
    snsStore: new fauxqs.SnsStore(),
    s3Store: new fauxqs.S3Store(),
  };
  const { sqsStore, snsStore, s3Store } = stores;
  // First loaded, then connected: otherwise loading a queue would store it and so drop its messages.
  records.loadSqsAndSns(sqsStore, snsStore);
  storage.loadS3(s3Store);
  sqsStore.persistence = records;
  snsStore.persistence = records;
  for (const queue of sqsStore.allQueues()) queue.persistence = records;
  s3Store.persistence = storage;
  s3Store.completeMultipartUpload = (uploadId, specs) => {
    const { bucket, object, bodyName } = uploads.assemble(uploadId, specs);
    storage.record(bucket, object, bodyName);
    s3Store.restoreObject(bucket, object);
    s3Store.abortMultipartUpload(uploadId);
    return object;
  };
  // Queues get the URL by which the client has reached us, not one below sqs.<region>.localhost.
  sqsStore.host = '';
  return { stores, storage, close: () => records.close() };
}

function databaseOf(records: object): DatabaseSync {
  return z.instanceof(DatabaseSync).parse(Reflect.get(records, 'db'));
}

/**
 * fauxqs stores a message that was given back with no receive count, which its schema refuses: every
 * ChangeMessageVisibility to 0 would fail.
 */
function repairReleases(
  records: { updateMessageReady(messageId: string): void },
  database: DatabaseSync,
): void {
  const release = database.prepare(
    'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?',
  );
  records.updateMessageReady = (messageId) => void release.run(messageId);
}

/**
 * Parsers as fauxqs has them, but for requests to a service only: an object may have any type. And
 * with room for uploads in one piece above its 11 MiB.
 */
function acceptLargeBodies(app: App): void {
  const services: Readonly<Record<string, (text: string) => unknown>> = {
    'application/x-amz-json-1.0': (text) => JSON.parse(text),
    'application/x-www-form-urlencoded': (text) => Object.fromEntries(new URLSearchParams(text)),
  };
  app.removeAllContentTypeParsers();
  for (const type of [...Object.keys(services), '*']) {
    const parse = services[type] ?? ((text: string) => text);
    app.addContentTypeParser(
      type,
      { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
      (request, body, done) => {
        const isForService = type !== '*' && request.routeOptions.url === '/';
        try {
          done(null, isForService ? parse(body.toString()) : body);
        } catch (error) {
          done(error instanceof Error ? error : new Error(String(error)));
        }
      },
    );
  }
}

const objectParams = z.object({ bucket: z.string(), '*': z.string().default('') });
const otherQueries = ['lifecycle', 'attributes', 'partNumber'];

/** Listings and downloads, which fauxqs gets wrong or holds in memory; the rest is its own. */
function answerFromStorage(app: App, store: S3Store, storage: ObjectStorage): void {
  app.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'GET') return undefined;
    const params = objectParams.safeParse(request.params);
    const query = z.record(z.string(), z.unknown()).parse(request.query ?? {});
    if (!params.success || otherQueries.some((name) => name in query)) return undefined;
    const { bucket, '*': key } = params.data;
    if (!store.hasBucket(bucket)) return undefined;
    if (key === '') {
      const order = storage.orderOf(bucket);
      const object = (name: string) => store.headObject(bucket, name);
      return reply
        .header('content-type', 'application/xml')
        .send(listResponse({ name: bucket, order, object }, query));
    }
    if (!storage.orderOf(bucket).has(key)) return undefined;
    const response = objectResponse(store.headObject(bucket, key), {
      file: storage.bodyFile(bucket, key),
      headers: request.headers,
    });
    return reply.code(response.status).headers(response.headers).send(response.body);
  });
}
