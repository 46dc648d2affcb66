import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  BATCH_BYTES_MAX,
  batchSizeBytes,
  BatchTooLarge,
  type Item,
  splitIntoBatches,
} from './split-batches.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Items of a source in which every item is followed by one byte. */
function itemsOf(texts: readonly string[]): Item[] {
  let endOffset = 0;
  return texts.map((text) => {
    const bytes = encoder.encode(text);
    endOffset += bytes.length + 1;
    return { bytes, endOffset };
  });
}
const split = (texts: readonly string[], batchSizeItems: number) =>
  [...splitIntoBatches(itemsOf(texts), batchSizeItems)].map(({ payload, ...rest }) => ({
    ...rest,
    text: decoder.decode(payload),
  }));
/** An item of exactly `sizeBytes` bytes. */
const itemOf = (sizeBytes: number): Item => ({
  bytes: encoder.encode(`"${'x'.repeat(sizeBytes - 2)}"`),
  endOffset: sizeBytes,
});

function* endless(): Generator<Item> {
  for (;;) yield itemOf(3);
}

describe('splitting items into batches', () => {
  it('makes none of nothing', () => {
    expect(split([], 10)).toEqual([]);
  });

  it('keeps every byte of an item', () => {
    expect(split(['9007199254740993', '{"b":1, "a":2}', '"ü"', 'null', '1.10'], 5)).toEqual([
      {
        itemCount: 5,
        endOffset: 47,
        text: '[9007199254740993,{"b":1, "a":2},"ü",null,1.10]',
      },
    ]);
  });

  it('leaves the rest to a shorter last batch', () => {
    expect(split(['1', '2', '3'], 2)).toEqual([
      { itemCount: 2, endOffset: 4, text: '[1,2]' },
      { itemCount: 1, endOffset: 6, text: '[3]' },
    ]);
  });

  it('makes no empty batch when items come out even', () => {
    expect(split(['1', '2'], 2)).toHaveLength(1);
  });

  it('yields batches before it has read all items', () => {
    const { value } = splitIntoBatches(endless(), 2).next();
    expect(value).toMatchObject({ itemCount: 2 });
  });

  it('loses, adds and reorders nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 9 }), (values, size) => {
        const texts = values.map((value) => JSON.stringify(value));
        const batches = split(texts, size);
        expect(`[${batches.map(({ text }) => text.slice(1, -1)).join()}]`).toBe(
          `[${texts.join()}]`,
        );
        expect(batches.reduce((sum, batch) => sum + batch.itemCount, 0)).toBe(texts.length);
      }),
    );
  });

  it('goes on after any batch as if it had never stopped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(),
        (values, size, cut) => {
          const items = itemsOf(values.map((value) => JSON.stringify(value)));
          const whole = [...splitIntoBatches(items, size)];
          const done = whole.slice(0, cut % (whole.length + 1));
          const offset = done.at(-1)?.endOffset ?? 0;
          const rest = items.filter(({ endOffset }) => endOffset > offset);
          expect([...done, ...splitIntoBatches(rest, size, done.length)]).toEqual(whole);
        },
      ),
    );
  });
});

describe('the limit of a batch', () => {
  it('allows a batch of 262,144 bytes', () => {
    const [batch] = splitIntoBatches([itemOf(BATCH_BYTES_MAX - 2)], 1);
    expect(batch?.payload).toHaveLength(262_144);
  });

  it('refuses one byte more, naming the batch and its size', () => {
    const items = [itemOf(10), itemOf(BATCH_BYTES_MAX - 1)];
    const splitting = () => [...splitIntoBatches(items, 1)];
    expect(splitting).toThrow(BatchTooLarge);
    expect(splitting).toThrow('batch 1 has size 262145 bytes');
  });

  it('counts brackets and commas', () => {
    const rest = BATCH_BYTES_MAX - 2 - 10 - 1;
    expect([...splitIntoBatches([itemOf(10), itemOf(rest)], 2)]).toHaveLength(1);
    expect(() => [...splitIntoBatches([itemOf(10), itemOf(rest + 1)], 2)]).toThrow(BatchTooLarge);
  });

  it('names the batch by its index in the whole job after a resume', () => {
    const resumed = splitIntoBatches([itemOf(BATCH_BYTES_MAX)], 1, 41);
    expect(() => resumed.next()).toThrow('batch 41');
  });

  it('yields the batches before the one it refuses', () => {
    const batches = splitIntoBatches([itemOf(10), itemOf(BATCH_BYTES_MAX)], 1);
    expect(batches.next().done).toBe(false);
    expect(() => batches.next()).toThrow(BatchTooLarge);
  });
});

describe('the size of a batch', () => {
  it.each([
    [0, 0, 2],
    [1, 5, 7],
    [3, 15, 19],
  ])('of %d items of %d bytes together is %d', (itemCount, itemBytes, sizeBytes) => {
    expect(batchSizeBytes(itemCount, itemBytes)).toBe(sizeBytes);
  });
});
