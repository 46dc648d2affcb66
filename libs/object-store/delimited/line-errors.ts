import { BATCH_BYTES_MAX } from '#libs/domain/batch/split-batches.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';

/** A line in one of the input files. */
export interface LineInFile {
  /** `s3://bucket/key`. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From the start of the unpacked file. */
  readonly byteOffset: number;
}

const at = ({ path, line, byteOffset }: LineInFile): string =>
  `${path}: line ${line}, byte ${byteOffset}`;

/** A line is no item. `byteOffset` is that of the first byte that is wrong. */
export class MalformedLine extends Rejection implements LineInFile {
  readonly code = 'input.malformed_line';
  readonly path: string;
  readonly line: number;
  readonly byteOffset: number;

  constructor(
    where: LineInFile,
    readonly problem: string,
  ) {
    super(`${at(where)}: ${problem}`);
    ({ path: this.path, line: this.line, byteOffset: this.byteOffset } = where);
  }
}

/** The items of a batch do not fit into it. Names the line of its first item. */
export class BatchOfLinesTooLarge extends Rejection implements LineInFile {
  readonly code = 'batch.too_large';
  readonly path: string;
  readonly line: number;
  readonly byteOffset: number;

  constructor(
    where: LineInFile,
    readonly batchIndex: number,
  ) {
    super(
      `${at(where)}: batch ${batchIndex}, which starts here, exceeds the limit (${BATCH_BYTES_MAX} bytes); ` +
        'use a smaller batch_size or reduce the size of the items in the batch',
    );
    ({ path: this.path, line: this.line, byteOffset: this.byteOffset } = where);
  }
}

/** A file that should be gzip cannot be unpacked to its end. */
export class UnreadableGzip extends Rejection {
  readonly code = 'input.unreadable_gzip';

  /** `byteOffset` is the number of bytes that came out of the file before it broke off. */
  constructor(
    readonly path: string,
    readonly byteOffset: number,
    readonly problem: string,
  ) {
    super(
      `${path}: unpacking it with gzip failed behind byte ${byteOffset} of its content: ${problem}`,
    );
  }
}
