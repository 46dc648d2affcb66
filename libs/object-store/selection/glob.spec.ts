import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { BadGlob, compileGlob } from './glob.ts';

interface Answer {
  readonly name?: string;
  readonly pattern: string;
  readonly path: string;
  readonly matches: boolean;
  readonly engine: boolean | 'crashes';
}

interface Refusal {
  readonly pattern: string;
  readonly engine: string | null;
}

const fixture = (name: string): unknown =>
  JSON.parse(
    readFileSync(new URL(`../../../test/fixtures/globs/${name}.json`, import.meta.url), 'utf8'),
  );

const table = fixture('table') as readonly Answer[];
const random = fixture('random') as readonly (Answer | Refusal)[];
const badPatterns = fixture('bad-patterns') as readonly Refusal[];

function refusal(pattern: string): string | null {
  try {
    compileGlob(pattern);
    return null;
  } catch (error) {
    if (error instanceof BadGlob) return error.problem;
    throw error;
  }
}

/** The two mistakes that the library overlooks. */
const isOurRefusal = (problem: string | null): boolean =>
  problem === 'unexpected end of input: a "{" is not closed' ||
  problem === 'there is nothing after the last "\\"';

describe('a glob', () => {
  it.each(table)('$name: $pattern on $path is $matches', ({ pattern, path, matches }) => {
    expect(compileGlob(pattern)(path)).toBe(matches);
  });

  it('answers random pairs as the documented syntax does, with the same messages', () => {
    const differences = random.filter((row) => {
      const problem = refusal(row.pattern);
      if (isOurRefusal(problem)) return false;
      if (!('matches' in row)) return problem !== row.engine;
      return problem !== null || compileGlob(row.pattern)(row.path) !== row.matches;
    });

    expect(differences).toEqual([]);
    expect(random.filter((row) => 'matches' in row && row.matches).length).toBeGreaterThan(100);
  });

  it.each([
    'separators around two stars are both needed',
    'an astral character in a list',
    'an astral character within a range',
    'a question mark beside an accented letter',
    'two question marks are no accented letter and a separator',
    'what stands before and after two stars does not overlap',
    'braces with nothing in them are nothing',
    'three stars are no different from two',
    'a question mark as an alternative is not nothing',
    'a negated list as an alternative is not nothing',
    'an alternative of any length beside one of fixed length, empty',
    'an alternative of any length beside one of fixed length',
    'alternatives with two stars each, before a star',
    'nothing but braces with nothing in them after text',
  ])('knowingly differs from the optimised matcher: %s', (name) => {
    const row = table.find((candidate) => candidate.name === name);
    expect(row?.engine).toBe(
      row?.matches === true && name.startsWith('nothing') ? 'crashes' : !row?.matches,
    );
  });
});

describe('a bad glob', () => {
  it.each(badPatterns)('$pattern is refused', ({ pattern, engine }) => {
    const problem = refusal(pattern);
    if (engine === null) expect(isOurRefusal(problem)).toBe(true);
    else expect(problem).toBe(engine);
  });

  it('is named in the message', () => {
    expect(() => compileGlob('**.[jp')).toThrow('**.[jp: unexpected end of input');
    expect(() => compileGlob('{a')).toThrow('{a: unexpected end of input: a "{" is not closed');
  });

  it('is one longer than the longest path', () => {
    const longestPath = `s3://${'b'.repeat(63)}/${'k'.repeat(1_024)}`;
    expect(compileGlob(longestPath)(longestPath)).toBe(true);
    expect(() => compileGlob(`${longestPath}*`)).toThrow('has 1094 characters, of 1093 allowed');
  });

  it('is one with half a surrogate pair, which no path can hold', () => {
    expect(refusal('a\ud83d')).toBe('could not read rune');
  });

  it('is one with braces too deep in each other', () => {
    expect(compileGlob('{'.repeat(100) + '}'.repeat(100))('')).toBe(true);
    expect(refusal('{'.repeat(101) + '}'.repeat(101))).toBe('more than 100 braces in each other');
  });
});

describe('a hostile glob', () => {
  const longestKey = 'a'.repeat(1_024);

  it.each([
    '**a**a**a**b',
    '*a*a*a*a*a*a*a*b',
    `${'{a,aa}'.repeat(20)}b`,
    `${'{*,**}'.repeat(20)}b`,
    `${'{a*,*a}'.repeat(20)}b`,
    `${'**'.repeat(100)}b`,
  ])('%s takes less than 50 ms for the longest key', (pattern) => {
    const isMatch = compileGlob(pattern);
    isMatch('b');
    const startedAtMs = performance.now();

    expect(isMatch(longestKey)).toBe(false);
    expect(performance.now() - startedAtMs).toBeLessThan(50);
  });
});
