import { Rejection } from '#libs/domain/kernel/errors.ts';
import type { InputLocation } from '../input-files.port.ts';

/** Not `s3://bucket` or `s3://bucket/prefix`. */
export class BadS3Path extends Rejection {
  readonly code = 'aws.invalid_s3_path';

  constructor(path: string) {
    super(
      `"${path}" is not a valid s3 path ` +
        '(e.g. s3://cortex-examples/pytorch/iris-classifier/weights.pth is a valid s3 path)',
    );
  }
}

/** @throws BadS3Path */
export function parseS3Path(path: string): InputLocation {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(path);
  // Text with half a surrogate pair has no UTF-8 form, so no request could carry it.
  if (match?.[1] === undefined || !path.isWellFormed()) throw new BadS3Path(path);
  return { bucket: match[1], prefix: match[2] ?? '' };
}

export const s3Path = (bucket: string, key: string): string => `s3://${bucket}/${key}`;
