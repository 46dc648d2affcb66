import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { StoredDeadLetter } from '../batch-queue.port.ts';
import { LowestLetters } from './lowest-letters.ts';

const aLetter = (index: number, sizeBytes = 10): StoredDeadLetter => ({
  index,
  attempt: 1,
  payload: new Uint8Array(sizeBytes),
  reason: { kind: 'some', message: '' },
  handle: String(index),
});

function pageOf(letters: readonly StoredDeadLetter[], bytesMax: number) {
  const lowest = new LowestLetters(bytesMax);
  for (const letter of letters) lowest.add(letter);
  const { letters: kept, hasMore } = lowest.page();
  return { indexes: kept.map(({ index }) => index), hasMore };
}

describe('the letters of the lowest indexes', () => {
  it('are those that fit, ascending', () => {
    const letters = [aLetter(7), aLetter(3), aLetter(5), aLetter(1)];
    expect(pageOf(letters, 20)).toEqual({ indexes: [1, 3], hasMore: true });
    expect(pageOf(letters, 40)).toEqual({ indexes: [1, 3, 5, 7], hasMore: false });
  });

  it('are one that does not fit', () => {
    expect(pageOf([aLetter(3), aLetter(1), aLetter(2)], 1)).toEqual({
      indexes: [1],
      hasMore: true,
    });
  });

  it('leave none out that comes before the last, though a later one would fit', () => {
    expect(pageOf([aLetter(5, 100), aLetter(1), aLetter(7)], 30)).toEqual({
      indexes: [1],
      hasMore: true,
    });
  });

  it('hold a letter once that is there twice', () => {
    expect(pageOf([aLetter(1), aLetter(1)], 15)).toEqual({ indexes: [1], hasMore: false });
  });

  it('do not depend on the order in which letters come', () => {
    const letters = fc.uniqueArray(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 20 })), {
      selector: ([index]) => index,
      minLength: 1,
    });
    fc.assert(
      fc.property(letters, fc.nat(100), fc.integer(), (drawn, bytesMax, by) => {
        const sorted = drawn.toSorted(([a], [b]) => a - b).map(([i, size]) => aLetter(i, size));
        const turned = [
          ...sorted.slice(by % sorted.length),
          ...sorted.slice(0, by % sorted.length),
        ];
        expect(pageOf(turned, bytesMax)).toEqual(pageOf(sorted, bytesMax));
      }),
    );
  });
});
