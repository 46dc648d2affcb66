import type { FilePathListerSource } from '#libs/domain/job/job.events.ts';
import type { EnqueuingCursor } from '#libs/domain/status/job-view.ts';
import type { InputFiles } from '#libs/object-store/input-files.port.ts';
import { FileSelection, type SelectedFile } from '#libs/object-store/selection/file-selection.ts';
import type { BatchSink, BatchSource } from '../batch-source.ts';
import { NoFilesFound } from './no-files-found.ts';
import { PathBatch } from './path-batch.ts';
import { readSelectionCursor } from './positions.ts';

/** The paths of the selected files. A position is the cursor of the selection behind the last file. */
export class FilePathBatches implements BatchSource {
  constructor(
    private readonly files: InputFiles,
    private readonly source: FilePathListerSource,
  ) {}

  async read(from: EnqueuingCursor, sink: BatchSink, signal: AbortSignal): Promise<void> {
    const after = readSelectionCursor(from.position);
    const batch = new PathBatch(this.source.batchSizeItems, from.batchCount);
    let last: SelectedFile | null = null;
    const add = ({ cursor }: SelectedFile): void => {
      const { itemCount } = batch;
      sink.add({ payload: batch.take(), itemCount, position: cursor });
    };
    for await (const page of new FileSelection(this.files, this.source).pages(after, signal)) {
      for (const file of page) {
        last = file;
        batch.add(file.path);
        if (!batch.isFull) continue;
        if (sink.isFull) await sink.room();
        add(file);
      }
    }
    if (last === null && after === null) throw new NoFilesFound(this.source);
    if (last !== null && batch.itemCount > 0) add(last);
  }
}
