import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Bitmap } from './bitmap.ts';

const indexes = fc.array(fc.nat({ max: 20_000 }));
const bitmapOf = (members: readonly number[]): Bitmap => {
  const bitmap = new Bitmap();
  for (const index of members) bitmap.add(index);
  return bitmap;
};

describe('a bitmap', () => {
  it('has nothing at first, near or far', () => {
    expect([0, 7, 8, 1_000_000].filter((index) => new Bitmap().has(index))).toEqual([]);
  });

  it('says which members are new', () => {
    const bitmap = new Bitmap();
    expect([3, 3, 4, 1_000_000, 1_000_000].map((index) => bitmap.add(index))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  it('is a set', () => {
    fc.assert(
      fc.property(indexes, fc.nat({ max: 20_100 }), (members, probe) => {
        const bitmap = bitmapOf(members);
        expect(bitmap.has(probe)).toBe(members.includes(probe));
        for (const member of members) expect(bitmap.has(member)).toBe(true);
      }),
    );
  });

  it('comes back from its encoding and goes on growing', () => {
    fc.assert(
      fc.property(indexes, indexes, (before, after) => {
        const restored = Bitmap.decode(bitmapOf(before).encode());
        for (const index of after) restored.add(index);
        expect(restored.encode()).toBe(bitmapOf([...before, ...after]).encode());
      }),
    );
  });

  it('has the same encoding whatever the order its members came in', () => {
    expect(bitmapOf([0, 2000]).encode()).toBe(bitmapOf([2000, 0]).encode());
  });

  it('takes one bit per member of a full range', () => {
    const full = bitmapOf(Array.from({ length: 8000 }, (_, index) => index));
    expect(atob(full.encode())).toHaveLength(1000);
  });
});
