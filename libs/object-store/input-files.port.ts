import { Rejection } from '#libs/domain/kernel/errors.ts';

/** The store cannot be reached, is throttling, or breaks off again and again; retry is safe. */
export class InputFilesUnavailable extends Error {
  override readonly name = 'InputFilesUnavailable';
}

/** Why an input file or its bucket cannot be used, however often it is tried. */
export type InputProblem =
  | 'aws.bucket_not_found'
  | 'aws.bucket_inaccessible'
  | 'aws.file_not_found'
  | 'aws.file_inaccessible'
  | 'aws.file_changed'
  | 'aws.credentials_missing'
  | 'aws.request_refused';

/** The store says no. `message` names the bucket or `s3://bucket/key`. */
export class InputFileRefused extends Rejection {
  constructor(
    readonly code: InputProblem,
    message: string,
  ) {
    super(message);
  }
}

/** An object as it was listed. */
export interface InputFile {
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes with the content. With the quotes it comes in. */
  readonly etag: string;
}

/** `s3://bucket/prefix` in its parts; an empty prefix is the whole bucket. */
export interface InputLocation {
  readonly bucket: string;
  readonly prefix: string;
}

export interface InputFileContent {
  /** As the object says, e.g. `gzip`; `null` when it says nothing. */
  readonly contentEncoding: string | null;
  /**
   * The stored bytes, in chunks of any size. A broken connection is taken up again where it broke,
   * by a range of the same version of the object.
   *
   * @throws InputFilesUnavailable, InputFileRefused, also while it is iterated
   */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** The users' files that jobs read: objects in buckets. */
export interface InputFiles {
  /**
   * Objects whose key starts with the prefix, by ascending UTF-8 bytes of their keys, a page at a
   * time; only keys greater than `after`, unless it is `null`. Pages may be empty.
   *
   * @throws InputFilesUnavailable, InputFileRefused, while it is iterated
   */
  list(
    location: InputLocation,
    after: string | null,
    signal: AbortSignal,
  ): AsyncIterable<readonly InputFile[]>;

  /**
   * Reads the stored bytes from `offsetBytes` on, of just that version of the object.
   *
   * @throws InputFileRefused with `aws.file_changed` when the object is another by now, with
   *   `aws.file_not_found` when it is gone
   */
  read(file: InputFile, offsetBytes: number, signal: AbortSignal): Promise<InputFileContent>;
}
