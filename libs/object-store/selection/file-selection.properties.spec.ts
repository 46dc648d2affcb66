import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { S3Selection } from '#libs/domain/job/job.events.ts';
import { InMemoryInputFiles } from '../in-memory/in-memory-input-files.ts';
import { FileSelection, type SelectedFile, type SelectionCursor } from './file-selection.ts';
import { compileGlob } from './glob.ts';
import { parseS3Path, s3Path } from './s3-path.ts';

/** One bucket's name begins like the other's. */
const BUCKETS = ['bucket', 'bucke'] as const;

type Keys = Readonly<Record<(typeof BUCKETS)[number], readonly string[]>>;

// Few segments, so that paths meet: the same, within each other, objects and prefixes.
const segment = fc.constantFrom('a', 'b', 'ab', 'é', '😀', '\uffee', '');
const key = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join('/'))
  .filter((text) => text !== '');
const prefix = fc.oneof(
  { arbitrary: key, weight: 12 },
  { arbitrary: fc.constantFrom('', '.'), weight: 1 },
);
const path = fc
  .tuple(fc.constantFrom('bucket', 'bucket', 'bucket', 'bucke'), prefix)
  .map(([bucket, start]) => s3Path(bucket, start));
const glob = fc.constantFrom('**a', '**/a/**', 's3://bucket/*', '**{b,é}', '**/?', 's3://*/a**');

const scenario = fc.record({
  keys: fc.record({
    bucket: fc.uniqueArray(key, { maxLength: 20 }),
    bucke: fc.uniqueArray(key, { maxLength: 5 }),
  }),
  pageFilesMax: fc.integer({ min: 1, max: 5 }),
  wanted: fc.record({
    s3Paths: fc.oneof(
      fc.array(path, { minLength: 1, maxLength: 6 }),
      fc.array(path, { minLength: 15, maxLength: 30 }),
    ),
    includes: fc.array(glob, { maxLength: 1 }),
    excludes: fc.array(glob, { maxLength: 1 }),
  }),
});

function stored(keys: Keys, pageFilesMax: number): InMemoryInputFiles {
  const files = new InMemoryInputFiles({ pageFilesMax });
  for (const bucket of BUCKETS) {
    files.createBucket(bucket);
    for (const name of keys[bucket]) files.put(bucket, name, '');
  }
  return files;
}

async function selected(
  selection: FileSelection,
  after: SelectionCursor | null,
): Promise<readonly SelectedFile[]> {
  const all: SelectedFile[] = [];
  for await (const page of selection.pages(after, new AbortController().signal)) all.push(...page);
  return all;
}

const matchesAny = (globs: readonly string[], text: string): boolean =>
  globs.some((pattern) => compileGlob(pattern)(text));

/** The rules, read one by one, with everything in memory. */
function reference(keys: Keys, { s3Paths, includes, excludes }: S3Selection): readonly string[] {
  const found = new Set<string>();
  for (const { bucket, prefix: start } of s3Paths.map((text) => parseS3Path(text))) {
    const listed = (bucket === 'bucke' ? keys.bucke : keys.bucket).toSorted((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
    const isObject = !start.endsWith('/') && listed.includes(start);
    const chosen = listed.filter((name) => (isObject ? name === start : name.startsWith(start)));
    for (const name of chosen) if (!name.endsWith('/')) found.add(s3Path(bucket, name));
  }
  return [...found].filter(
    (text) => (includes.length === 0 || matchesAny(includes, text)) && !matchesAny(excludes, text),
  );
}

describe('any selection', () => {
  it('is what a simple reading of the rules gives, and goes on behind every file', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ keys, pageFilesMax, wanted }) => {
        const selection = new FileSelection(stored(keys, pageFilesMax), wanted);

        const all = await selected(selection, null);

        expect(all.map(({ path: text }) => text)).toEqual(reference(keys, wanted));
        for (const [position, { cursor }] of all.entries()) {
          const thawed = JSON.parse(JSON.stringify(cursor)) as SelectionCursor;
          expect(await selected(selection, thawed)).toEqual(all.slice(position + 1));
        }
      }),
      { numRuns: 500 },
    );
  });
});
