import { describe, expect, it } from '@jest/globals';
import { mergeConfig } from './merge-config.ts';

describe('the configuration of a function handler', () => {
  it.each([
    ['the deployed one alone', { a: 1 }, null, '{"a":1}'],
    ['a member that only the submission has', { a: 1 }, '{"b":2}', '{"a":1,"b":2}'],
    ['a member of both: the submission wins', { a: 1 }, '{"a":[2]}', '{"a":[2]}'],
    [
      'objects of both: member by member',
      { o: { x: 1, y: 2 } },
      '{"o":{"y":3}}',
      '{"o":{"x":1,"y":3}}',
    ],
    ['an object over a value', { a: 1 }, '{"a":{"b":2}}', '{"a":{"b":2}}'],
    ['null over a value', { a: 1 }, '{"a":null}', '{"a":null}'],
    [
      'numbers as they were sent',
      {},
      '{"n":9007199254740993,"f":1.10}',
      '{"n":9007199254740993,"f":1.10}',
    ],
    [
      'names that mean something to JavaScript',
      { a: 1 },
      '{"__proto__":{"a":2}}',
      '{"a":1,"__proto__":{"a":2}}',
    ],
  ])('has %s', (_case, deployed, submitted, merged) => {
    expect(mergeConfig(deployed, submitted)).toBe(merged);
  });
});
