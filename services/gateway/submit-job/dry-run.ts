import type { InputFiles } from '#libs/object-store/input-files.port.ts';
import { FileSelection } from '#libs/object-store/selection/file-selection.ts';
import type { S3Source } from './s3-source.ts';
import { inSource, noFilesFound, type SubmissionChecks } from './submission-checks.ts';
import type { InlineItems, Submission } from './submission.ts';

export type DryRunFormat = 'text' | 'json';

export const VALIDATIONS_PASSED = 'validations passed';

/** Checks a submission and says which items the job would have. Creates nothing. */
export class DryRun {
  constructor(
    private readonly files: InputFiles,
    private readonly checks: Pick<SubmissionChecks, 'checkPlaces'>,
  ) {}

  /**
   * The answer in pieces, a listed page at a time.
   *
   * @throws as `SubmissionChecks`, also behind the first piece, when S3 says no further on
   */
  async *answer(
    submission: Submission,
    { format, signal }: { readonly format: DryRunFormat; readonly signal: AbortSignal },
  ): AsyncGenerator<string> {
    await this.checks.checkPlaces(submission);
    const { source } = submission;
    if (source.kind === 'item_list') yield itemsAnswer(source, format);
    else yield* format === 'json' ? this.inJson(source, signal) : this.inText(source, signal);
  }

  private async *inText(source: S3Source, signal: AbortSignal): AsyncGenerator<string> {
    for await (const page of this.pages(source, signal)) {
      yield page.map(({ path }) => `${path}\n`).join('');
    }
    yield VALIDATIONS_PASSED;
  }

  private async *inJson(source: S3Source, signal: AbortSignal): AsyncGenerator<string> {
    let fileCount = 0;
    let totalBytes = 0;
    for await (const page of this.pages(source, signal)) {
      const paths = page.map(({ path }) => JSON.stringify(path)).join(',');
      yield fileCount === 0 ? `{"files":[${paths}` : `,${paths}`;
      fileCount += page.length;
      for (const { sizeBytes } of page) totalBytes += sizeBytes;
    }
    yield `],"file_count":${fileCount},"total_bytes":${totalBytes}}`;
  }

  /** Pages that are not empty, at least one. */
  private async *pages(source: S3Source, signal: AbortSignal) {
    const pages = new FileSelection(this.files, source).pages(null, signal);
    const iterator = pages[Symbol.asyncIterator]();
    let hasBegun = false;
    try {
      for (;;) {
        const next = await inSource(source, () => iterator.next());
        if (next.done === true) break;
        if (next.value.length === 0) continue;
        hasBegun = true;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
    if (!hasBegun) throw noFilesFound(source);
  }
}

function itemsAnswer({ itemCount, batchSizeItems }: InlineItems, format: DryRunFormat): string {
  if (format === 'text') return VALIDATIONS_PASSED;
  const batchCount = Math.ceil(itemCount / batchSizeItems);
  return JSON.stringify({ item_count: itemCount, batch_count: batchCount });
}
