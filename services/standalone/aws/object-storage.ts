import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type {
  MultipartPart,
  MultipartUpload,
  S3Object,
  S3Persistence,
  S3Store,
} from './fauxqs-parts.ts';
import { KeyOrder } from './key-order.ts';
import type { MultipartUploads } from './multipart-uploads.ts';
import type { ObjectBodies } from './object-bodies.ts';

const storedKey = z.object({ bucket: z.string(), key: z.string(), body: z.instanceof(Uint8Array) });

export interface StorageParts {
  /** What fauxqs keeps in SQLite: all but the bodies. */
  readonly records: S3Persistence;
  readonly database: DatabaseSync;
  readonly bodies: ObjectBodies;
  readonly uploads: MultipartUploads;
}

/**
 * Objects on disk: their records in SQLite and their bodies in files, so that neither the memory nor
 * the 1 GB that SQLite takes limits them. A body is written before its record: whenever the process
 * dies, an object is there whole, as it was before or as it is after.
 */
export class ObjectStorage implements S3Persistence {
  private readonly orders = new Map<string, KeyOrder>();

  constructor(private readonly parts: StorageParts) {}

  orderOf(bucket: string): KeyOrder {
    let order = this.orders.get(bucket);
    if (order === undefined) this.orders.set(bucket, (order = new KeyOrder()));
    return order;
  }

  loadS3(store: S3Store): void {
    const { records, database, bodies } = this.parts;
    records.loadS3(store);
    const names = new Set<string>();
    // The body's column has the name of its file.
    for (const row of database.prepare('SELECT bucket, key, body FROM s3_objects').iterate()) {
      const { bucket, key, body } = storedKey.parse(row);
      this.orderOf(bucket).add(key);
      names.add(Buffer.from(body).toString());
    }
    bodies.keepOnly(names);
  }

  /** Path of the file with the object's bytes. */
  bodyFile(bucket: string, key: string): string {
    return this.parts.bodies.path(this.bodyName(bucket, key));
  }

  readBody(bucket: string, key: string): Buffer {
    return this.parts.bodies.read(this.bodyName(bucket, key));
  }

  upsertObject(bucket: string, object: S3Object): void {
    this.record(bucket, object, this.parts.bodies.write(object.body));
  }

  /** Records an object whose body has been written already. */
  record(bucket: string, object: S3Object, bodyName: string): void {
    const order = this.orderOf(bucket);
    const before = order.has(object.key) ? this.bodyName(bucket, object.key) : null;
    this.parts.records.upsertObject(bucket, { ...object, body: Buffer.from(bodyName) });
    order.add(object.key);
    if (before !== null) this.parts.bodies.remove(before);
  }

  deleteObject(bucket: string, key: string): void {
    const order = this.orderOf(bucket);
    if (!order.has(key)) return; // S3 deletes what is not there without a word.
    const name = this.bodyName(bucket, key);
    this.parts.records.deleteObject(bucket, key);
    order.remove(key);
    this.parts.bodies.remove(name);
  }

  deleteObjectsByBucket(bucket: string): void {
    for (const key of this.orderOf(bucket).all()) this.deleteObject(bucket, key);
  }

  deleteAllObjects(): void {
    for (const bucket of this.orders.keys()) this.deleteObjectsByBucket(bucket);
  }

  renameObject(bucket: string, from: string, to: string): void {
    const order = this.orderOf(bucket);
    const replaced = from !== to && order.has(to) ? this.bodyName(bucket, to) : null;
    this.parts.records.renameObject(bucket, from, to);
    order.remove(from);
    order.add(to);
    if (replaced !== null) this.parts.bodies.remove(replaced);
  }

  insertBucket(...bucket: Parameters<S3Persistence['insertBucket']>): void {
    this.parts.records.insertBucket(...bucket);
  }

  deleteBucket(name: string): void {
    this.parts.records.deleteBucket(name);
    this.orders.delete(name);
  }

  saveBucketLifecycleConfiguration(bucket: string, configuration: string): void {
    this.parts.records.saveBucketLifecycleConfiguration(bucket, configuration);
  }

  deleteBucketLifecycleConfiguration(bucket: string): void {
    this.parts.records.deleteBucketLifecycleConfiguration(bucket);
  }

  insertMultipartUpload(upload: MultipartUpload): void {
    this.parts.uploads.begin(upload);
  }

  upsertMultipartPart(uploadId: string, part: MultipartPart): void {
    this.parts.uploads.keepPart(uploadId, part);
  }

  deleteMultipartUpload(uploadId: string): void {
    this.parts.uploads.end(uploadId);
  }

  /** Never called: uploads are completed by `MultipartUploads`. */
  completeMultipartUpload(uploadId: string, bucket: string, object: S3Object): void {
    this.upsertObject(bucket, object);
    this.deleteMultipartUpload(uploadId);
  }

  deleteAllMultipartUploads(): void {
    this.parts.uploads.endAll();
  }

  purgeAll(): void {
    this.deleteAllObjects();
    this.deleteAllMultipartUploads();
    this.parts.records.purgeAll();
    this.orders.clear();
  }

  close(): void {
    this.parts.records.close();
  }

  private bodyName(bucket: string, key: string): string {
    return this.parts.records.readBody(bucket, key).toString();
  }
}
