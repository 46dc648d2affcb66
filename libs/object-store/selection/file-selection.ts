import type { S3Selection } from '#libs/domain/job/job.events.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';
import type { InputFile, InputFiles } from '../input-files.port.ts';
import { BadGlob, checkGlobs, compileGlobs } from './glob.ts';
import { type ListedPage, PathListings } from './path-listings.ts';
import { PathTree } from './path-tree.ts';
import { BadS3Path, parseS3Path, s3Path } from './s3-path.ts';

/** Where to go on: behind a file. Plain JSON, good for a selection of the same three lists. */
export interface SelectionCursor {
  /** Which of the different paths is being listed, from 0. */
  readonly pathIndex: number;
  /** The last key that was taken of it; `null` when none was. */
  readonly after: string | null;
  /** Which earlier paths are single objects, where later paths depend on it: bits in base64. */
  readonly objects: string | null;
}

export interface SelectedFile extends InputFile {
  /** `s3://bucket/key`, byte for byte. */
  readonly path: string;
  /** Behind this file. */
  readonly cursor: SelectionCursor;
}

/** A selection that cannot be carried out. The message begins with its member, as `includes: `. */
export class BadSelection extends Rejection {
  readonly code: string;

  constructor(member: string, cause: BadGlob | BadS3Path) {
    super(`${member}: ${cause.message}`, { cause });
    this.code = cause.code;
  }
}

/** A process that filters a long listing still answers others. */
const SLICE_MS = 10;
/** Looking at the clock takes a tenth of a match. */
const SLICE_CHECK_FILES = 16;

/**
 * The files of `s3Paths`, path after path, within a path by ascending UTF-8 bytes, that match any
 * of `includes` (all do when there are none) and none of `excludes`. A path that names an object
 * selects that object alone, any other path all keys that start with it. Keys that end in `/` are
 * folders' markers and left out. A file comes once, where it comes first.
 */
export class FileSelection {
  private readonly isIncluded: (path: string) => boolean;
  private readonly isExcluded: (path: string) => boolean;

  /** @throws BadSelection */
  static check({ s3Paths, includes, excludes }: S3Selection): void {
    inMember('includes', () => checkGlobs(includes));
    inMember('excludes', () => checkGlobs(excludes));
    for (const path of s3Paths) inMember('s3_paths', () => parseS3Path(path));
  }

  /** @throws BadGlob, BadS3Path; `check` first to have the member named */
  constructor(
    private readonly files: InputFiles,
    private readonly selection: S3Selection,
  ) {
    const { includes, excludes } = selection;
    this.isIncluded = includes.length === 0 ? () => true : compileGlobs(includes);
    this.isExcluded = compileGlobs(excludes);
  }

  /**
   * The selected files, a listed page at a time; pages may be empty.
   *
   * @param after `null` for all of them, or the cursor of a file for those behind it
   * @throws InputFilesUnavailable, InputFileRefused, while it is iterated
   */
  async *pages(
    after: SelectionCursor | null,
    signal: AbortSignal,
  ): AsyncIterable<readonly SelectedFile[]> {
    const tree = new PathTree(this.selection.s3Paths);
    tree.restoreObjects(after?.objects ?? null);
    const stop = new AbortController();
    const listings = new PathListings(this.files, tree, AbortSignal.any([signal, stop.signal]));
    const first = after?.pathIndex ?? 0;
    try {
      for (let index = first; index < tree.locations.length; index++) {
        const pages = listings.pages(index, index === first ? (after?.after ?? null) : null);
        for await (const page of pages) yield await this.selectFrom(page, index, tree, signal);
      }
    } finally {
      stop.abort();
    }
  }

  private async selectFrom(
    { files, taken, isObject }: ListedPage,
    pathIndex: number,
    tree: PathTree,
    signal: AbortSignal,
  ): Promise<readonly SelectedFile[]> {
    const objects = tree.encodeObjects();
    const selected: SelectedFile[] = [];
    let sliceEndsAtMs = performance.now() + SLICE_MS;
    for (const [position, file] of files.entries()) {
      if (position % SLICE_CHECK_FILES === 0 && performance.now() > sliceEndsAtMs) {
        await aTurn();
        signal.throwIfAborted();
        sliceEndsAtMs = performance.now() + SLICE_MS;
      }
      const { bucket, key, sizeBytes, etag } = file;
      if (key.endsWith('/') || taken.has(key)) continue;
      const path = s3Path(bucket, key);
      if (!this.isIncluded(path) || this.isExcluded(path)) continue;
      const cursor = isObject
        ? { pathIndex: pathIndex + 1, after: null, objects }
        : { pathIndex, after: key, objects };
      selected.push({ bucket, key, sizeBytes, etag, path, cursor });
    }
    return selected;
  }
}

function inMember(member: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (error instanceof BadGlob || error instanceof BadS3Path)
      throw new BadSelection(member, error);
    throw error;
  }
}

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
