import { RE2JS } from 're2js';
import { Rejection } from '#libs/domain/kernel/errors.ts';

/** A pattern that means nothing. The message is `<pattern>: <what is wrong>`. */
export class BadGlob extends Rejection {
  readonly code = 'glob.invalid';

  constructor(
    readonly pattern: string,
    readonly problem: string,
  ) {
    super(`${pattern}: ${problem}`);
  }
}

/** The longest path is `s3://`, a bucket of 63 characters, `/` and a key of 1,024 bytes. */
const PATTERN_LENGTH_MAX = 1_093;

/** Of all patterns of a list together: enough for a thousand of usual length. */
const LIST_LENGTH_MAX = 65_536;

/**
 * `*` and `**` in all patterns of a list. They are what hostile lists are made of: with this many
 * the worst we found takes a quarter of a second for the longest key, with 20,000 it takes 40.
 */
const LIST_WILDCARDS_MAX = 1_000;

/** RE2's parser stops at 1,000, with two levels for each brace; no list of files needs many. */
const BRACE_DEPTH_MAX = 100;

/**
 * Whether a whole `s3://bucket/key` matches the pattern: `*` is any run without `/`, `**` any run,
 * `?` one character but `/`, `[abc]`, `[a-z]`, `[!abc]` and `[!a-z]` one character, `{a,b}` one of
 * the patterns in it, `\x` the character x. Upper and lower case differ, dots are ordinary.
 * Takes time linear in the path, whatever the pattern.
 *
 * @throws BadGlob
 */
export const compileGlob = (pattern: string): ((path: string) => boolean) =>
  compileGlobs([pattern]);

/**
 * Whether a path matches any of the patterns. They become one automaton: a path is read once
 * however many there are, and its memory is bounded (8 MiB, RE2's own limit) for all together.
 *
 * @throws BadGlob
 */
export function compileGlobs(patterns: readonly string[]): (path: string) => boolean {
  const source = translateGlobs(patterns).join('|');
  const expression = RE2JS.compile(`(?:${source})`, RE2JS.DOTALL);
  return (path) => patterns.length > 0 && expression.testExact(path);
}

/** @throws BadGlob, as `compileGlobs` would, in a fraction of its time */
export function checkGlobs(patterns: readonly string[]): void {
  translateGlobs(patterns);
}

function translateGlobs(patterns: readonly string[]): readonly string[] {
  const length = patterns.reduce((sum, pattern) => sum + pattern.length + 1, -1);
  if (length > LIST_LENGTH_MAX) {
    const problem = `has ${length} characters in all, of ${LIST_LENGTH_MAX} allowed`;
    throw new BadGlob(`a list of ${patterns.length} patterns`, problem);
  }
  let wildcardCount = 0;
  for (const pattern of patterns) wildcardCount += pattern.match(/\*\*?/g)?.length ?? 0;
  if (wildcardCount > LIST_WILDCARDS_MAX) {
    const problem = `has ${wildcardCount} "*" and "**" in all, of ${LIST_WILDCARDS_MAX} allowed`;
    throw new BadGlob(`a list of ${patterns.length} patterns`, problem);
  }
  return patterns.map((pattern) => translateGlob(pattern));
}

function translateGlob(pattern: string): string {
  if (pattern.length > PATTERN_LENGTH_MAX) {
    const shown = `${pattern.slice(0, 40)}…`;
    throw new BadGlob(shown, `has ${pattern.length} characters, of ${PATTERN_LENGTH_MAX} allowed`);
  }
  if (!pattern.isWellFormed()) throw new BadGlob(pattern, 'could not read rune');
  return new GlobTranslator(pattern).regularExpression();
}

/** Reads a glob once from left to right and writes the regular expression that means the same. */
class GlobTranslator {
  private readonly chars: readonly string[];
  private at = 0;
  private depth = 0;

  constructor(private readonly pattern: string) {
    this.chars = Array.from(pattern);
  }

  regularExpression(): string {
    let source = '';
    while (this.peek() !== null) source += this.term();
    return source;
  }

  private term(): string {
    const char = this.take();
    switch (char) {
      case '*':
        return this.takeIf('*') ? '.*' : '[^/]*';
      case '?':
        return '[^/]';
      case '[':
        return this.charClass();
      case '{':
        return this.alternatives();
      case '\\':
        return literal(this.take('there is nothing after the last "\\"'));
      default:
        return literal(char);
    }
  }

  private alternatives(): string {
    this.depth += 1;
    if (this.depth > BRACE_DEPTH_MAX)
      this.fail(`more than ${BRACE_DEPTH_MAX} braces in each other`);
    let source = '(?:';
    while (!this.takeIf('}')) {
      if (this.peek() === null) this.fail('unexpected end of input: a "{" is not closed');
      source += this.takeIf(',') ? '|' : this.term();
    }
    this.depth -= 1;
    return `${source})`;
  }

  /** One range or one list, never both: `[a-z]` is a range, `[xa-z]` the four characters. */
  private charClass(): string {
    const negation = this.takeIf('!') ? '^' : '';
    const first = this.take();
    if (this.takeIf('-')) return `[${negation}${this.range(first)}]`;
    this.at -= 1;
    return `[${negation}${this.list()}]`;
  }

  private range(low: string): string {
    const high = this.take();
    if (this.take() !== ']') this.fail('expected close range character');
    if (codePoint(high) < codePoint(low)) {
      this.fail(`hi character '${high}' should be greater than lo '${low}'`);
    }
    return `${literal(low)}-${literal(high)}`;
  }

  private list(): string {
    let source = '';
    while (!this.takeIf(']')) {
      const char = this.take();
      source += literal(char === '\\' ? this.take() : char);
    }
    return source === '' ? this.fail('could not parse range') : source;
  }

  private peek(): string | null {
    return this.chars[this.at] ?? null;
  }

  private take(problemAtEnd = 'unexpected end of input'): string {
    const char = this.peek() ?? this.fail(problemAtEnd);
    this.at += 1;
    return char;
  }

  private takeIf(char: string): boolean {
    if (this.peek() !== char) return false;
    this.at += 1;
    return true;
  }

  private fail(problem: string): never {
    throw new BadGlob(this.pattern, problem);
  }
}

const codePoint = (char: string): number => char.codePointAt(0) ?? 0;

/** By its number, which means itself inside and outside of classes. */
const literal = (char: string): string =>
  /\w/.test(char) ? char : `\\x{${codePoint(char).toString(16)}}`;
