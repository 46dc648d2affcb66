import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const WORD_COUNT = 2 ** 32;

/** Everything that is left to chance in a simulation: the same seed draws the same. */
export class Draw {
  private readonly generator;

  constructor(seed: number) {
    this.generator = xoroshiro128plus(seed);
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    return (this.generator.next() >>> 0) / WORD_COUNT;
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  /** Both ends included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  between(min: number, max: number): number {
    return min + this.fraction() * (max - min);
  }

  /** Between `min` and `max` as well, each order of magnitude alike. */
  magnitude(min: number, max: number): number {
    return min * (max / min) ** this.fraction();
  }

  /** `null` of an empty list. */
  oneOf<T>(choices: readonly T[]): T | null {
    return choices[Math.floor(this.fraction() * choices.length)] ?? null;
  }

  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((value) => ({ value, key: this.fraction() }))
      .sort((one, other) => one.key - other.key)
      .map(({ value }) => value);
  }
}
