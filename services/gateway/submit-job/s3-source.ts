import type { DelimitedFilesSource, FilePathListerSource } from '#libs/domain/job/job.events.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';
import { FileSelection } from '#libs/object-store/selection/file-selection.ts';
import { badRequest } from '../request-refused.ts';
import type { S3SourceFields } from './submission.schema.ts';

export type S3Source = FilePathListerSource | DelimitedFilesSource;

/**
 * Largest JSON of the paths and patterns. They travel in the job's first event beside its `config`,
 * of up to 256 KiB, and a NATS message holds 1 MiB.
 */
const SELECTION_BYTES_MAX = 393_216;

/**
 * @returns the source, whose paths and patterns mean something; nobody has asked S3 yet
 * @throws RequestRefused, BadSelection
 */
export function s3SourceOf(fields: S3SourceFields): S3Source {
  const { file_path_lister: lister, delimited_files: files } = fields;
  const given = lister ?? files;
  if (given === undefined) throw new Error('a source from S3 was read from neither of its members');
  const batchSizeItems = given.batch_size;
  const selection = {
    s3Paths: given.s3_paths,
    includes: given.includes ?? [],
    excludes: given.excludes ?? [],
  };
  const source: S3Source =
    lister === undefined
      ? {
          kind: 'delimited_files',
          ...selection,
          batchSizeItems,
          onError: files?.on_error ?? 'fail',
        }
      : { kind: 'file_path_lister', ...selection, batchSizeItems };
  checkSize(source);
  inSource(source, () => FileSelection.check(source));
  return source;
}

function checkSize({ kind, s3Paths, includes, excludes }: S3Source): void {
  const sizeBytes = Buffer.byteLength(JSON.stringify([s3Paths, includes, excludes]));
  if (sizeBytes <= SELECTION_BYTES_MAX) return;
  throw badRequest(
    'field.too_large',
    `${kind}: s3_paths, includes and excludes have ${sizeBytes} bytes as JSON, which exceeds the limit ` +
      `(${SELECTION_BYTES_MAX} bytes); name prefixes and filter them with includes and excludes, ` +
      'or send the paths as the items of an item_list',
  );
}

function inSource(source: S3Source, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof Rejection
      ? badRequest(error.code, `${source.kind}: ${error.message}`)
      : error;
  }
}
