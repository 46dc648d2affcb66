import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { compareUtf8 } from './utf8-order.ts';

describe('the order of UTF-8 bytes', () => {
  it('has astral characters behind all others', () => {
    expect(compareUtf8('\uffee', '😀')).toBeLessThan(0);
    expect(compareUtf8('a', 'ab')).toBeLessThan(0);
    expect(compareUtf8('é', 'é')).toBe(0);
  });

  it('is that of the bytes', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '/', 'é', '\ud7ff', '\ue000', '\uffee', '😀', '😁'),
    });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});
