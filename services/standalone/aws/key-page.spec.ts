import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { KeyOrder } from './key-order.ts';
import { keyPage } from './key-page.ts';

const keys = fc.array(fc.stringMatching(/^[aAbB/~é\uFF5E\u{1F600}]{1,5}$/u), { maxLength: 30 });

const inByteOrder = (all: Iterable<string>): string[] =>
  [...new Set(all)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** What a client sees that reads every page. */
function listing(order: KeyOrder, delimiter: string, prefix: string, countMax: number): string[] {
  const found: string[] = [];
  let after: string | null = '';
  while (after !== null) {
    const page = keyPage(order, { prefix, delimiter, after, countMax });
    expect(page.keys.length + page.groups.length).toBeLessThanOrEqual(countMax);
    found.push(...page.keys, ...page.groups);
    after = page.next;
  }
  return found;
}

describe('pages of keys', () => {
  it('together have every key below the prefix once, after any changes', () => {
    const prefixes = fc.constantFrom('', 'a', 'B', 'é', '\u{1F600}');
    fc.assert(
      fc.property(keys, keys, keys, prefixes, fc.integer({ min: 1, max: 4 }), (...given) => {
        const [first, removed, later, prefix, countMax] = given;
        const order = new KeyOrder();
        for (const key of first) order.add(key);
        order.all();
        for (const key of removed) order.remove(key);
        for (const key of later) order.add(key);
        const there = new Set([...first.filter((key) => !removed.includes(key)), ...later]);
        expect(listing(order, '', prefix, countMax)).toEqual(
          inByteOrder(there).filter((key) => key.startsWith(prefix)),
        );
      }),
    );
  });

  it('together have every group once', () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 4 }), (given, countMax) => {
        const order = new KeyOrder();
        for (const key of given) order.add(key);
        const expected = given.map((key) => key.slice(0, key.indexOf('/') + 1) || key);
        expect(listing(order, '/', '', countMax).toSorted()).toEqual(
          [...new Set(expected)].toSorted(),
        );
      }),
    );
  });
});
