import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type InputFile, InputFileRefused, type InputFiles } from './input-files.port.ts';

export interface MadeInputFiles {
  readonly files: InputFiles;
  createBucket(bucket: string): Promise<void>;
  put(
    bucket: string,
    key: string,
    bytes: Uint8Array,
    options?: { readonly contentEncoding?: string },
  ): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;
  close(): Promise<void>;
}

const BUCKET = 'reviews';
/** More than what a socket or a chunk holds at a time. */
const LARGE_BYTES = 5_000_000;

const ODD_KEYS = ['a b+c%20.txt', 'ü/∂ 日本.json', 'quote\'"<&>.txt', '100%', 'dir//x', '~!*()'];

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes of which no two places look alike. */
function largeBytes(): Uint8Array {
  const words = new Uint32Array(LARGE_BYTES / 4);
  return new Uint8Array(words.map((_, index) => Math.imul(index, 2_654_435_761)).buffer);
}

const filesOf = async (listing: AsyncIterable<readonly InputFile[]>): Promise<InputFile[]> => {
  const files: InputFile[] = [];
  for await (const page of listing) files.push(...page);
  return files;
};

const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error = await attempt.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InputFileRefused)) throw new Error('not refused', { cause: error });
  expect(error.message).toContain(`s3://${BUCKET}`);
  return error.code;
};

/** What every `InputFiles` must do. `make` gives one without buckets. */
export function inputFilesContract(make: () => Promise<MadeInputFiles>): void {
  describe('InputFiles contract', () => {
    let made: MadeInputFiles;
    const { signal } = new AbortController();

    beforeEach(async () => {
      made = await make();
      await made.createBucket(BUCKET);
    });
    afterEach(() => made.close());

    const put = (key: string, text: string): Promise<void> => made.put(BUCKET, key, bytesOf(text));
    const putAll = (keys: readonly string[]) => Promise.all(keys.map((key) => put(key, key)));

    const listed = (prefix: string, after: string | null = null): Promise<InputFile[]> =>
      filesOf(made.files.list({ bucket: BUCKET, prefix }, after, signal));
    const keys = async (prefix: string, after: string | null = null): Promise<string[]> =>
      (await listed(prefix, after)).map(({ key }) => key);

    const file = async (key: string): Promise<InputFile> => {
      const found = (await listed(key)).find((one) => one.key === key);
      if (found === undefined) throw new Error(`${key} is not listed`);
      return found;
    };

    const read = async (of: InputFile, offsetBytes = 0): Promise<Buffer> => {
      const { chunks } = await made.files.read(of, offsetBytes, signal);
      const pieces: Uint8Array[] = [];
      for await (const chunk of chunks) pieces.push(chunk);
      return Buffer.concat(pieces);
    };

    describe('list', () => {
      it('gives bucket, key, size and ETag of each file', async () => {
        await put('a.json', 'four');
        expect(await listed('')).toEqual([
          { bucket: BUCKET, key: 'a.json', sizeBytes: 4, etag: expect.stringMatching(/^".+"$/) },
        ]);
      });

      it('gives the files whose keys start with the prefix', async () => {
        await putAll(['images/1', 'images/2', 'images2', 'other']);
        expect(await keys('images/')).toEqual(['images/1', 'images/2']);
        expect(await keys('images')).toEqual(['images/1', 'images/2', 'images2']);
        expect(await keys('none')).toEqual([]);
      });

      it('goes on behind a key, whether there is such a key or not', async () => {
        await putAll(['p/a', 'p/b', 'p/c']);
        expect(await keys('p/', 'p/a')).toEqual(['p/b', 'p/c']);
        expect(await keys('p/', 'p/aa')).toEqual(['p/b', 'p/c']);
        expect(await keys('p/', 'p/c')).toEqual([]);
        expect(await keys('p/', 'a')).toEqual(['p/a', 'p/b', 'p/c']);
      });

      it('orders keys by their UTF-8 bytes', async () => {
        // U+FFFD comes before U+1F600 in UTF-8, and after it in UTF-16.
        const ordered = ['A', 'B', 'a', 'b/c', 'b0', 'é', '\u{FFFD}', '\u{1F600}'];
        await putAll(ordered.toReversed());
        expect(await keys('')).toEqual(ordered);
      });

      it('gives more files than a page has, each once', async () => {
        const many = Array.from({ length: 1003 }, (_, index) => `k${1000 + index}`);
        for (let first = 0; first < many.length; first += 100)
          await putAll(many.slice(first, first + 100));
        expect(await keys('')).toEqual(many);
      });

      it.each(ODD_KEYS)('gives the key %s as it is, and goes on behind it', async (key) => {
        await putAll([key, `${key}~`]);
        expect(await keys(key)).toEqual([key, `${key}~`]);
        expect(await keys('', key)).toEqual([`${key}~`]);
      });

      it('says that there is no such bucket', async () => {
        const listing = made.files.list({ bucket: `${BUCKET}-2`, prefix: '' }, null, signal);
        expect(await codeOf(filesOf(listing))).toBe('aws.bucket_not_found');
      });

      it('ends when it is aborted', async () => {
        await put('a', '');
        const aborted = AbortSignal.abort(new Error('stopped'));
        const listing = made.files.list({ bucket: BUCKET, prefix: '' }, null, aborted);
        await expect(filesOf(listing)).rejects.toThrow('stopped');
      });
    });

    describe('read', () => {
      it.each(ODD_KEYS)('gives the bytes of %s', async (key) => {
        await put(key, key);
        expect((await read(await file(key))).toString()).toBe(key);
      });

      it('gives a large file whole, and from any byte on', async () => {
        const large = Buffer.from(largeBytes());
        await made.put(BUCKET, 'large', large);
        const found = await file('large');
        expect(large.equals(await read(found))).toBe(true);
        expect(large.subarray(1_234_567).equals(await read(found, 1_234_567))).toBe(true);
        expect(large.subarray(-1).equals(await read(found, LARGE_BYTES - 1))).toBe(true);
      });

      it('gives nothing of an empty file, and nothing behind the end', async () => {
        await put('empty', '');
        await put('full', 'abc');
        expect((await read(await file('empty'))).length).toBe(0);
        expect((await read(await file('full'), 3)).length).toBe(0);
      });

      it('gives the stored bytes with their encoding', async () => {
        await made.put(BUCKET, 'a', bytesOf('packed'), { contentEncoding: 'gzip' });
        await put('b', 'plain');
        const packed = await made.files.read(await file('a'), 0, signal);
        const plain = await made.files.read(await file('b'), 0, signal);
        expect([packed.contentEncoding, plain.contentEncoding]).toEqual(['gzip', null]);
        expect((await read(await file('a'))).toString()).toBe('packed');
        for await (const chunk of packed.chunks) expect(chunk.length).toBe(6);
        for await (const chunk of plain.chunks) expect(chunk.length).toBe(5);
      });

      it.each([0, 2, 3])(
        'refuses a file that changed after it was listed, from byte %d',
        async (offset) => {
          await put('a', 'old');
          const old = await file('a');
          await put('a', 'new');
          expect(await codeOf(made.files.read(old, offset, signal))).toBe('aws.file_changed');
        },
      );

      it('refuses an empty file that is no longer empty', async () => {
        await put('a', '');
        const old = await file('a');
        await put('a', 'new');
        expect(await codeOf(made.files.read(old, 0, signal))).toBe('aws.file_changed');
      });

      it('says that the file is gone', async () => {
        await put('a', 'old');
        const old = await file('a');
        await made.remove(BUCKET, 'a');
        expect(await codeOf(made.files.read(old, 0, signal))).toBe('aws.file_not_found');
      });

      it('says that the bucket is gone', async () => {
        await put('a', 'old');
        const elsewhere = { ...(await file('a')), bucket: `${BUCKET}-2` };
        expect(await codeOf(made.files.read(elsewhere, 0, signal))).toBe('aws.bucket_not_found');
      });

      it('ends when it is aborted, also in the middle', async () => {
        await made.put(BUCKET, 'large', largeBytes());
        const found = await file('large');
        const aborted = AbortSignal.abort(new Error('stopped'));
        await expect(made.files.read(found, 0, aborted)).rejects.toThrow('stopped');

        const controller = new AbortController();
        const { chunks } = await made.files.read(found, 0, controller.signal);
        let seenBytes = 0;
        const reading = async (): Promise<void> => {
          for await (const chunk of chunks) {
            seenBytes += chunk.length;
            controller.abort(new Error('stopped'));
          }
        };
        await expect(reading()).rejects.toThrow('stopped');
        expect(seenBytes).toBeLessThan(LARGE_BYTES);
      });

      it('can be left in the middle', async () => {
        await made.put(BUCKET, 'large', largeBytes());
        const { chunks } = await made.files.read(await file('large'), 0, signal);
        for await (const chunk of chunks) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
        expect(await keys('')).toEqual(['large']);
      });
    });
  });
}
