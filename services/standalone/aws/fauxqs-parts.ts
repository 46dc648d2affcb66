import type { buildApp } from 'fauxqs';
import { z } from 'zod';

type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
type SqsPersistence = NonNullable<Stores['sqsStore']['persistence']>;

export type SqsStore = Stores['sqsStore'];
export type SnsStore = Stores['snsStore'];
export type S3Store = Stores['s3Store'];
export type S3Persistence = NonNullable<S3Store['persistence']>;
export type S3Object = ReturnType<S3Store['headObject']>;
export type MultipartUpload = Parameters<S3Persistence['insertMultipartUpload']>[0];
export type MultipartPart = Parameters<S3Persistence['upsertMultipartPart']>[1];

type PersistenceManager = SqsPersistence & S3Persistence;

const constructorOf = <T>() =>
  z.custom<T>((value) => typeof value === 'function', 'is no class any more');

const fauxqsParts = z.object({
  SqsStore: constructorOf<new () => SqsStore>(),
  SnsStore: constructorOf<new () => SnsStore>(),
  S3Store: constructorOf<new () => S3Store>(),
  PersistenceManager: constructorOf<
    new (folder: string) => PersistenceManager & {
      loadSqsAndSns(sqsStore: SqsStore, snsStore: SnsStore): void;
    }
  >(),
  S3Error: constructorOf<new (code: string, message: string, status: number) => Error>(),
});

export type FauxqsParts = z.infer<typeof fauxqsParts>;

const FILES = [
  'sqs/sqsStore.js',
  'sns/snsStore.js',
  's3/s3Store.js',
  'persistence.js',
  'common/errors.js',
];

/**
 * The classes that fauxqs is made of. It exports only functions that listen on every address and
 * keep the stores to themselves, so they are taken from its files.
 *
 * @throws Error when another version of it has other files
 */
export async function loadFauxqsParts(): Promise<FauxqsParts> {
  const modules = await Promise.all(
    FILES.map(async (name): Promise<object> => {
      const file = new URL(name, import.meta.resolve('fauxqs'));
      return import(file.href);
    }),
  );
  return fauxqsParts.parse(Object.assign({}, ...modules));
}
