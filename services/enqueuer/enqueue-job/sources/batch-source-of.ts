import type { JobSource } from '#libs/domain/job/job.events.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { InputFiles } from '#libs/object-store/input-files.port.ts';
import type { BatchSource } from '../batch-source.ts';
import { DelimitedFileBatches } from './delimited-file-batches.ts';
import { FilePathBatches } from './file-path-batches.ts';
import { ItemListBatches } from './item-list-batches.ts';

/** Where the inputs of jobs are. */
export interface Inputs {
  readonly blobs: BlobStore;
  readonly inputFiles: InputFiles;
}

export function batchSourceOf(source: JobSource, { blobs, inputFiles }: Inputs): BatchSource {
  switch (source.kind) {
    case 'item_list':
      return new ItemListBatches(blobs, source);
    case 'file_path_lister':
      return new FilePathBatches(inputFiles, source);
    case 'delimited_files':
      return new DelimitedFileBatches(inputFiles, source);
    default:
      return unreachable(source);
  }
}
