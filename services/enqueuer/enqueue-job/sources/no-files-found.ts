import { Rejection } from '#libs/domain/kernel/errors.ts';
import type { JobSource } from '#libs/domain/job/job.events.ts';

/** The selection names no file at all: most likely it is wrong. */
export class NoFilesFound extends Rejection {
  readonly code = 'batchapi.no_s3_files_found';

  constructor({ kind }: JobSource) {
    super(`${kind}: no s3 files match search criteria`);
  }
}
