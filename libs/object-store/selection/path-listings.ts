import type { InputFile, InputFiles } from '../input-files.port.ts';
import { PageReader } from './page-reader.ts';
import { type PathTree, TakenKeysWalk } from './path-tree.ts';

/** What S3 has under a path, a page of it. */
export interface ListedPage {
  readonly files: readonly InputFile[];
  /** What earlier paths took, to be asked about each file once, in order. */
  readonly taken: TakenKeysWalk;
  /** The path is an object, the only one in `files`. */
  readonly isObject: boolean;
}

/**
 * How many paths are listed at a time. A listing takes some tens of milliseconds, so ten thousand
 * paths of one object each take half a minute instead of many.
 */
const LOOK_AHEAD_PATHS = 16;

/** Lists the paths of a tree in order, the first page of the next ones while earlier are read. */
export class PathListings {
  private readonly opened = new Map<number, PageReader<readonly InputFile[]>>();
  private openedUpTo = 0;

  constructor(
    private readonly files: InputFiles,
    private readonly tree: PathTree,
    private readonly signal: AbortSignal,
  ) {}

  /** The pages of a path, once, at ascending indexes; tells the tree whether it is an object. */
  async *pages(index: number, after: string | null): AsyncIterable<ListedPage> {
    if (this.tree.isWithinEarlier(index)) {
      this.opened.get(index)?.close();
      this.opened.delete(index);
      return;
    }
    const reader = this.open(index, after);
    let files = await reader.take();
    while (files?.length === 0) files = await reader.take();
    const first = files?.[0];
    // An object comes before everything its key is a prefix of, and the cursor in a prefix says so.
    if (first !== undefined && after === null && this.isObject(index, first)) {
      reader.close();
      this.tree.markObject(index);
      yield { files: [first], taken: new TakenKeysWalk([]), isObject: true };
      return;
    }
    const taken = new TakenKeysWalk(this.tree.takenKeys(index));
    while (files !== null) {
      reader.ask();
      yield { files, taken, isObject: false };
      files = await reader.take();
    }
  }

  private isObject(index: number, first: InputFile): boolean {
    return this.tree.mayBeObject(index) && first.key === this.tree.locations[index]?.prefix;
  }

  private open(index: number, after: string | null): PageReader<readonly InputFile[]> {
    const reader = this.opened.get(index) ?? this.read(index, after);
    this.opened.delete(index);
    this.openedUpTo = Math.max(this.openedUpTo, index + 1);
    const end = Math.min(index + LOOK_AHEAD_PATHS, this.tree.locations.length);
    for (; this.openedUpTo < end; this.openedUpTo++) {
      if (this.tree.isWithinEarlier(this.openedUpTo, index)) continue;
      this.opened.set(this.openedUpTo, this.read(this.openedUpTo, null));
    }
    return reader;
  }

  private read(index: number, after: string | null): PageReader<readonly InputFile[]> {
    const location = this.tree.locations[index] ?? { bucket: '', prefix: '' };
    return new PageReader(this.files.list(location, after, this.signal));
  }
}
