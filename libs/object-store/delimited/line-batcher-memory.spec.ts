import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { FILE_START, LineBatcher } from './line-batcher.ts';

const MB = 1_000_000;
const CHUNK_BYTES = 65_536;
/** Window, batch, chunks and zlib's buffers take about 2 MB; a batch or a line kept would show in tens. */
const GROWTH_BYTES_MAX = 8 * MB;
/** Each collects all garbage, of every spec before it in this process too. */
const LOOKS = 3;

/** Of one test, on a machine that does much else. */
const TEST_MS_MAX = 240_000;

/** V8 collects when it likes; asked, it leaves only what is still held. */
let collectGarbage: () => void;
beforeAll(() => {
  setFlagsFromString('--expose-gc');
  collectGarbage = runInNewContext('gc') as () => void;
});

function heldBytes(): number {
  // What the first finds, the second has freed: buffers are freed in the background.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Chunks of `content`, over and over, up to `sizeBytes`; notes the most memory held in between. */
class Stream {
  growthBytes = 0;

  constructor(
    private readonly content: Buffer,
    private readonly sizeBytes: number,
  ) {}

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    const before = heldBytes();
    const lookEvery = Math.floor(this.sizeBytes / this.content.length / LOOKS);
    let sentBytes = 0;
    for (let count = 1; sentBytes < this.sizeBytes; count++) {
      yield this.content;
      sentBytes += this.content.length;
      if (count % lookEvery === 0) {
        this.growthBytes = Math.max(this.growthBytes, heldBytes() - before);
      }
    }
  }
}

const row = `${JSON.stringify({ id: 123_456, name: 'a name', text: 'x'.repeat(160) })}\n`;
const rows = Buffer.from(row.repeat(Math.floor(CHUNK_BYTES / row.length)));

async function readAll(
  file: { chunks: AsyncIterable<Uint8Array>; isGzipped: boolean },
  onBatch: () => void = () => undefined,
) {
  const batcher = new LineBatcher({ batchSizeItems: 1000, firstIndex: 0, onError: 'skip' });
  let itemCount = 0;
  for await (const batch of batcher.addFile({ path: 's3://b/k', start: FILE_START, ...file })) {
    itemCount += batch.itemCount;
    onBatch();
  }
  itemCount += batcher.finish()?.itemCount ?? 0;
  return { itemCount, skippedLineCount: batcher.takeSkipped().skippedLineCount };
}

async function* inOneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

describe('memory of LineBatcher', () => {
  it(
    'does not grow with the file',
    async () => {
      const stream = new Stream(rows, 100 * MB);
      const { itemCount } = await readAll({ chunks: stream.chunks(), isGzipped: false });
      expect(itemCount * row.length).toBeGreaterThan(99 * MB);
      expect(stream.growthBytes).toBeLessThan(GROWTH_BYTES_MAX);
    },
    TEST_MS_MAX,
  );

  it(
    'does not grow with a line, of 1 GB here',
    async () => {
      const stream = new Stream(Buffer.alloc(CHUNK_BYTES, 'x'), 1000 * MB);
      const result = await readAll({ chunks: stream.chunks(), isGzipped: false });
      expect(result).toEqual({ itemCount: 0, skippedLineCount: 1 });
      expect(stream.growthBytes).toBeLessThan(GROWTH_BYTES_MAX);
    },
    TEST_MS_MAX,
  );

  it(
    'does not grow with what one chunk of gzip unpacks to',
    async () => {
      const member = gzipSync(Buffer.concat(Array.from({ length: 64 }, () => rows)));
      const bomb = Buffer.concat(Array.from({ length: 25 }, () => member));
      const before = heldBytes();
      let growthBytes = 0;
      let batchCount = 0;
      const { itemCount } = await readAll({ chunks: inOneChunk(bomb), isGzipped: true }, () => {
        if (++batchCount % 150 === 0) growthBytes = Math.max(growthBytes, heldBytes() - before);
      });
      expect(itemCount * row.length).toBeGreaterThan(100 * bomb.length);
      expect(growthBytes).toBeLessThan(GROWTH_BYTES_MAX);
    },
    TEST_MS_MAX,
  );
});
