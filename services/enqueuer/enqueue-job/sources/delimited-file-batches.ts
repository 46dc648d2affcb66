import type { DelimitedFilesSource } from '#libs/domain/job/job.events.ts';
import type { EnqueuingCursor } from '#libs/domain/status/job-view.ts';
import {
  FILE_START,
  LineBatcher,
  type LineBatch,
} from '#libs/object-store/delimited/line-batcher.ts';
import type { InputFiles } from '#libs/object-store/input-files.port.ts';
import { FileSelection } from '#libs/object-store/selection/file-selection.ts';
import { s3Path } from '#libs/object-store/selection/s3-path.ts';
import type { BatchSink, BatchSource, SourcedBatch } from '../batch-source.ts';
import { NoFilesFound } from './no-files-found.ts';
import { type FileToRead, type OpenedFile, openedFiles } from './opened-files.ts';
import { type FilePosition, readFilePosition } from './positions.ts';

/** The lines of the selected files. A position is that of a line in one version of a file. */
export class DelimitedFileBatches implements BatchSource {
  constructor(
    private readonly files: InputFiles,
    private readonly source: DelimitedFilesSource,
  ) {}

  async read(from: EnqueuingCursor, sink: BatchSink, signal: AbortSignal): Promise<void> {
    const { batchSizeItems, onError } = this.source;
    const batcher = new LineBatcher({ batchSizeItems, firstIndex: from.batchCount, onError });
    const wanted = this.wanted(readFilePosition(from.position), signal);
    let last: OpenedFile | null = null;
    for await (const file of openedFiles(this.files, wanted, signal)) {
      last = file;
      const path = s3Path(file.file.bucket, file.file.key);
      const { isGzipped, chunks, start } = file;
      for await (const batch of batcher.addFile({ path, isGzipped, chunks, start })) {
        if (sink.isFull) await sink.room();
        put(sink, batch, file);
      }
    }
    const rest = batcher.finish();
    if (rest !== null && last !== null) put(sink, rest, last);
    const skipped = batcher.takeSkipped();
    if (skipped.skippedLineCount > 0) sink.addSkipped(skipped);
  }

  /** @throws NoFilesFound behind the last file, when there was none */
  private async *wanted(
    position: FilePosition | null,
    signal: AbortSignal,
  ): AsyncGenerator<FileToRead, void> {
    let isAnyFound = position !== null;
    if (position !== null) yield position;
    const selection = new FileSelection(this.files, this.source);
    for await (const page of selection.pages(position?.selection ?? null, signal)) {
      for (const file of page) {
        isAnyFound = true;
        const { bucket, key, sizeBytes, etag } = file;
        if (sizeBytes === 0) continue; // Nothing to read, so nothing to wait for.
        yield {
          file: { bucket, key, sizeBytes, etag },
          selection: file.cursor,
          start: FILE_START,
          isGzipped: null,
        };
      }
    }
    if (!isAnyFound) throw new NoFilesFound(this.source);
  }
}

function put(sink: BatchSink, batch: LineBatch, { file, selection, isGzipped }: OpenedFile): void {
  if (batch.skippedLineCount > 0) sink.addSkipped(batch);
  const { payload, itemCount, end: start } = batch;
  const position: FilePosition = { selection, file, isGzipped, start };
  sink.add({ payload, itemCount, position } satisfies SourcedBatch);
}
