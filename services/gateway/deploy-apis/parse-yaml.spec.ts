import { describe, expect, it } from '@jest/globals';
import { RequestRefused } from '../request-refused.ts';
import { parseYaml } from './parse-yaml.ts';

/** A quadratic reader takes minutes for these; a linear one well under this on a slow machine. */
const LINEAR_MS_MAX = 20_000;

function refusalOf(text: string): string {
  try {
    parseYaml(text);
  } catch (error) {
    if (error instanceof RequestRefused) return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

describe('parseYaml', () => {
  it('reads maps, lists, merges and anchors', () => {
    const text = 'base: &base {a: 1}\nmore: {<<: *base, b: [x, 2.5]}\n';
    expect(parseYaml(text)).toEqual({ base: { a: 1n }, more: { a: 1n, b: ['x', 2.5] } });
  });

  it.each([
    ['a list that is not closed', '- a: [', 'at line 1, column 7'],
    ['a repeated key', 'a: 1\nb: 2\na: 3\n', 'Map keys must be unique at line 3, column 1'],
    ['a repeated key in a map in a list', '- {a: 1, a: 2}', 'must be unique at line 1, column 10'],
    ['a list that contains itself', '&a [1, *a]', '*a stands inside of what it names at line 1'],
    ['lists that contain each other', '&a [&b [*a, *b]]', '*a stands inside of what it names'],
    ['an alias of nothing', '[*nothing]', 'nothing'],
    ['lists nested without end', '['.repeat(100_000), 'Maximum call stack size exceeded'],
  ])('refuses %s and says where', (_, text, problem) => {
    expect(refusalOf(text)).toContain(problem);
  });

  it(
    'takes no longer for many keys or many mistakes than their number',
    () => {
      const keys = Array.from({ length: 60_000 }, (_, n) => `k${n}: 1\n`).join('');
      expect(Object.keys(parseYaml(keys) as object)).toHaveLength(60_000);
      expect(refusalOf('- "\n'.repeat(60_000))).toContain('at line 1');
    },
    LINEAR_MS_MAX,
  );
});
