import { describe, expect, it } from '@jest/globals';
import type { S3Selection } from '#libs/domain/job/job.events.ts';
import { InMemoryInputFiles } from '../in-memory/in-memory-input-files.ts';
import type { InputFile, InputFiles, InputLocation } from '../input-files.port.ts';
import { FileSelection, type SelectedFile, type SelectionCursor } from './file-selection.ts';
import { s3Path } from './s3-path.ts';

const selection = (s3Paths: readonly string[], globs: Partial<S3Selection> = {}): S3Selection => ({
  s3Paths,
  includes: [],
  excludes: [],
  ...globs,
});

const bucketOf = (keys: Iterable<string>, pageFilesMax = 1_000): InMemoryInputFiles => {
  const files = new InMemoryInputFiles({ pageFilesMax });
  files.createBucket('bucket');
  for (const key of keys) files.put('bucket', key, '');
  return files;
};

async function selected(
  files: InputFiles,
  wanted: S3Selection,
  after: SelectionCursor | null = null,
): Promise<readonly SelectedFile[]> {
  const all: SelectedFile[] = [];
  const { signal } = new AbortController();
  for await (const page of new FileSelection(files, wanted).pages(after, signal)) all.push(...page);
  return all;
}

const paths = async (files: InputFiles, wanted: S3Selection): Promise<readonly string[]> =>
  (await selected(files, wanted)).map(({ path }) => path);

describe('filtering files', () => {
  const images = bucketOf([
    'images/img_1.png',
    'images/img_2.jpg',
    'images/img_3.jpg',
    'images/img_4.gif',
  ]);

  it('selects all files of a folder', async () => {
    expect(await paths(images, selection(['s3://bucket/images/']))).toEqual([
      's3://bucket/images/img_1.png',
      's3://bucket/images/img_2.jpg',
      's3://bucket/images/img_3.jpg',
      's3://bucket/images/img_4.gif',
    ]);
  });

  it('selects all files that begin alike', async () => {
    expect(await paths(images, selection(['s3://bucket/images/img']))).toEqual([
      's3://bucket/images/img_1.png',
      's3://bucket/images/img_2.jpg',
      's3://bucket/images/img_3.jpg',
      's3://bucket/images/img_4.gif',
    ]);
  });

  it('selects specific files', async () => {
    const wanted = selection(['s3://bucket/images/img_1.png', 's3://bucket/images/img_2.jpg']);
    expect(await paths(images, wanted)).toEqual([
      's3://bucket/images/img_1.png',
      's3://bucket/images/img_2.jpg',
    ]);
  });

  it('selects only JPG files', async () => {
    const wanted = selection(['s3://bucket/images/'], { includes: ['**.jpg'] });
    expect(await paths(images, wanted)).toEqual([
      's3://bucket/images/img_2.jpg',
      's3://bucket/images/img_3.jpg',
    ]);
  });

  it('selects all JPG files except one specific JPG file', async () => {
    const globs = { includes: ['**.jpg'], excludes: ['**_3.jpg'] };
    expect(await paths(images, selection(['s3://bucket/images/'], globs))).toEqual([
      's3://bucket/images/img_2.jpg',
    ]);
  });

  it('selects all files except GIFs', async () => {
    const wanted = selection(['s3://bucket/images/'], { excludes: ['**.gif'] });
    expect(await paths(images, wanted)).toEqual([
      's3://bucket/images/img_1.png',
      's3://bucket/images/img_2.jpg',
      's3://bucket/images/img_3.jpg',
    ]);
  });

  it('keeps what matches any of several includes, and drops what matches any exclude', async () => {
    const globs = { includes: ['**.jpg', '**.png'], excludes: ['**_1.*', '**_3.*'] };
    expect(await paths(images, selection(['s3://bucket'], globs))).toEqual([
      's3://bucket/images/img_2.jpg',
    ]);
  });
});

describe('a file selection', () => {
  it('lists the paths in the order given, keys by their UTF-8 bytes', async () => {
    const files = bucketOf(['b/2', 'b/1', 'a/😀', 'a/\uffee', 'a/é']);
    expect(await paths(files, selection(['s3://bucket/b/', 's3://bucket/a/']))).toEqual([
      's3://bucket/b/1',
      's3://bucket/b/2',
      's3://bucket/a/é',
      's3://bucket/a/\uffee',
      's3://bucket/a/😀',
    ]);
  });

  it('selects from several buckets', async () => {
    const files = bucketOf(['a']);
    files.put('bucket2', 'a', '');
    expect(await paths(files, selection(['s3://bucket', 's3://bucket2/']))).toEqual([
      's3://bucket/a',
      's3://bucket2/a',
    ]);
  });

  it('leaves out markers of directories and keeps empty files', async () => {
    const files = bucketOf(['dir/', 'dir/empty', 'dir/sub/']);
    expect(await paths(files, selection(['s3://bucket/dir/']))).toEqual(['s3://bucket/dir/empty']);
  });

  it('selects just the object that a complete path names', async () => {
    const files = bucketOf(['img_1.png', 'img_1.png.bak', 'img_1.png/x']);
    expect(await paths(files, selection(['s3://bucket/img_1.png']))).toEqual([
      's3://bucket/img_1.png',
    ]);
    expect(await paths(files, selection(['s3://bucket/img_1.pn']))).toHaveLength(3);
    expect(await paths(files, selection(['s3://bucket/img_1.png/']))).toEqual([
      's3://bucket/img_1.png/x',
    ]);
  });

  it('selects nothing through a complete path that a glob drops', async () => {
    const files = bucketOf(['a.gif', 'a.gif.png']);
    const wanted = selection(['s3://bucket/a.gif'], { excludes: ['**.gif'] });
    expect(await paths(files, wanted)).toEqual([]);
  });

  it.each([
    [
      ['a/', 'a/'],
      ['a/1', 'a/2', 'a/b/1'],
    ],
    [
      ['a/', 'a/b/', 'a/1'],
      ['a/1', 'a/2', 'a/b/1'],
    ],
    [
      ['a/b/', 'a/'],
      ['a/b/1', 'a/1', 'a/2'],
    ],
    [
      ['a/2', 'a/b', 'a'],
      ['a/2', 'a/b/1', 'a/1', 'ab'],
    ],
    [
      ['', 'a/'],
      ['a/1', 'a/2', 'a/b/1', 'ab', 'c'],
    ],
  ])('selects a file once, at its first place, from %j', async (prefixes, keys) => {
    const files = bucketOf(['a/1', 'a/2', 'a/b/1', 'ab', 'c'], 2);
    const wanted = selection(prefixes.map((prefix) => s3Path('bucket', prefix)));
    expect(await paths(files, wanted)).toEqual(keys.map((key) => s3Path('bucket', key)));
  });

  it('selects what lies under an object through paths of their own', async () => {
    const files = bucketOf(['a', 'a/b', 'a/c']);
    expect(await paths(files, selection(['s3://bucket/a', 's3://bucket/a/b']))).toEqual([
      's3://bucket/a',
      's3://bucket/a/b',
    ]);
  });

  it('does not list what earlier prefixes have selected', async () => {
    const files = new RecordedFiles(bucketOf(['a/1']));
    await selected(files, selection(['s3://bucket/a/', 's3://bucket/a/', 's3://bucket/a/1']));
    expect(files.listed).toEqual(['a/']);
  });

  it('lists up to 16 paths at a time, and keeps their order', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `file-${1_000 + index}`).toReversed();
    const files = new RecordedFiles(bucketOf(keys));
    const wanted = selection(keys.map((key) => s3Path('bucket', key)));

    expect(await paths(files, wanted)).toEqual(wanted.s3Paths);
    expect(files.listed).toHaveLength(200);
    expect(files.openMax).toBe(16);
    expect(files.openCount).toBe(0);
  });

  it('hands on what goes wrong while listing, also further on', async () => {
    const wanted = selection(['s3://bucket/a/', 's3://absent/']);
    await expect(selected(bucketOf(['a/1']), wanted)).rejects.toThrow('absent');
  });

  it('ends its listings when nobody wants more', async () => {
    const files = new RecordedFiles(bucketOf(['a/1', 'a/2', 'b/1', 'c/1'], 1));
    const wanted = selection(['s3://bucket/a/', 's3://bucket/b/', 's3://bucket/c/']);
    const { signal } = new AbortController();
    for await (const page of new FileSelection(files, wanted).pages(null, signal)) {
      expect(page).toHaveLength(1);
      break;
    }
    expect(files.signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it('lets others have their turn while it filters a long page', async () => {
    const [file] = [...(await selected(bucketOf(['a']), selection(['s3://bucket'])))];
    const page = Array.from({ length: 100_000 }, (_, index) => ({ ...file, key: `${index}` }));
    const files = { list: () => asyncPages([page as InputFile[]]) } as Partial<InputFiles>;
    const wanted = selection(['s3://bucket'], { includes: ['**0'] });
    let turnCount = 0;
    const turns = setInterval(() => (turnCount += 1), 0);

    expect(await selected(files as InputFiles, wanted)).toHaveLength(10_000);
    clearInterval(turns);
    expect(turnCount).toBeGreaterThan(1);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const pages = new FileSelection(bucketOf(['1', '2'], 1), selection(['s3://bucket'])).pages(
      null,
      stop.signal,
    );
    const read = async (): Promise<void> => {
      for await (const page of pages) {
        expect(page.map(({ key }) => key)).toEqual(['1']);
        stop.abort(new Error('enough'));
      }
    };
    await expect(read()).rejects.toThrow('enough');
  });
});

describe('a selection cursor', () => {
  it('stays small: it remembers the objects that later paths depend on, and no others', async () => {
    const keys = Array.from({ length: 1_000 }, (_, index) => `file-${1_000 + index}`);
    const independent = await selected(
      bucketOf(keys),
      selection(keys.map((key) => s3Path('bucket', key))),
    );
    expect(independent.at(-1)?.cursor).toEqual({ pathIndex: 1_000, after: null, objects: null });

    const dependent = await selected(
      bucketOf([...keys, 'other']),
      selection([...keys.map((key) => s3Path('bucket', key)), 's3://bucket']),
    );
    expect(dependent.at(-1)?.key).toBe('other');
    expect(dependent.at(-1)?.cursor.objects).toHaveLength(168);
  });
});

async function* asyncPages<Page>(pages: readonly Page[]): AsyncIterable<Page> {
  yield* pages;
}

/** Counts listings. */
class RecordedFiles implements InputFiles {
  readonly listed: string[] = [];
  readonly signals: AbortSignal[] = [];
  openCount = 0;
  openMax = 0;

  constructor(private readonly files: InMemoryInputFiles) {}

  async *list(
    location: InputLocation,
    after: string | null,
    signal: AbortSignal,
  ): AsyncIterable<readonly InputFile[]> {
    this.listed.push(location.prefix);
    this.signals.push(signal);
    this.openCount += 1;
    this.openMax = Math.max(this.openMax, this.openCount);
    try {
      yield* this.files.list(location, after, signal);
    } finally {
      this.openCount -= 1;
    }
  }

  read(...args: Parameters<InputFiles['read']>): ReturnType<InputFiles['read']> {
    return this.files.read(...args);
  }
}
