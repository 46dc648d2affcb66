import type { InputLocation } from '../input-files.port.ts';
import { parseS3Path, s3Path } from './s3-path.ts';
import { compareUtf8 } from './utf8-order.ts';

/** Keys that an earlier path has selected already: one key, or all that start with it. */
interface TakenKeys {
  readonly prefix: string;
  readonly isObject: boolean;
}

/**
 * The paths of a selection, each once, and which of them lie within others. That a path
 * is an object shows when it is listed; until then it counts as a prefix.
 */
export class PathTree {
  readonly locations: readonly InputLocation[];
  /** `s3://bucket/prefix`, also for `s3://bucket`. */
  private readonly names: readonly string[];
  private readonly sorted: readonly number[];
  private readonly rank: readonly number[];
  /** The longest other path that each starts with. */
  private readonly parent: readonly (number | null)[];
  /** The paths whose kind decides about later ones: a bit for each goes into cursors. */
  private readonly deciding: readonly number[];
  private readonly slots: ReadonlyMap<number, number>;
  private readonly bits: Buffer;
  private usedBytes = 0;
  private readonly objects = new Set<number>();

  constructor(s3Paths: readonly string[]) {
    const names = new Set<string>();
    for (const path of s3Paths) {
      const { bucket, prefix } = parseS3Path(path);
      names.add(s3Path(bucket, prefix));
    }
    this.names = [...names];
    this.locations = this.names.map((name) => parseS3Path(name));
    this.sorted = this.names
      .map((_, index) => index)
      .sort((a, b) => compareUtf8(this.name(a), this.name(b)));
    const rank: number[] = [];
    for (const [position, index] of this.sorted.entries()) rank[index] = position;
    this.rank = rank;
    this.parent = this.findParents();
    this.deciding = this.findDeciding();
    this.slots = new Map(this.deciding.map((index, slot) => [index, slot]));
    this.bits = Buffer.alloc((this.deciding.length + 7) >> 3);
  }

  /** A path that ends in `/` or is a whole bucket is a prefix whatever is there. */
  mayBeObject(index: number): boolean {
    return !this.name(index).endsWith('/');
  }

  markObject(index: number): void {
    this.objects.add(index);
    const slot = this.slots.get(index);
    if (slot === undefined) return;
    const at = slot >> 3;
    this.bits[at] = (this.bits[at] ?? 0) | (1 << (slot & 7));
    this.usedBytes = Math.max(this.usedBytes, at + 1);
  }

  /**
   * Whether an earlier prefix selects all that this path could, as far as that is known.
   *
   * @param knownCount of the first so many paths it is known whether they are objects
   */
  isWithinEarlier(index: number, knownCount = index): boolean {
    for (const outer of this.ancestors(index)) {
      const isKnown = outer < knownCount || !this.mayBeObject(outer);
      if (outer < index && isKnown && !this.objects.has(outer)) return true;
    }
    return false;
  }

  /** What earlier paths took of this one's keys, ascending by UTF-8 bytes. */
  takenKeys(index: number): readonly TakenKeys[] {
    const taken: TakenKeys[] = [];
    for (let position = (this.rank[index] ?? 0) + 1; position < this.sorted.length; position++) {
      const inner = this.sorted[position] ?? 0;
      if (!this.name(inner).startsWith(this.name(index))) break;
      if (inner > index) continue;
      const prefix = this.locations[inner]?.prefix ?? '';
      taken.push({ prefix, isObject: this.objects.has(inner) });
    }
    return taken;
  }

  /** Which deciding paths are objects: bits in base64, `null` for none. */
  encodeObjects(): string | null {
    return this.usedBytes === 0 ? null : this.bits.toString('base64', 0, this.usedBytes);
  }

  restoreObjects(encoded: string | null): void {
    const bytes = Buffer.from(encoded ?? '', 'base64');
    for (const [slot, index] of this.deciding.entries()) {
      if (((bytes[slot >> 3] ?? 0) >> (slot & 7)) & 1) this.markObject(index);
    }
  }

  private name(index: number): string {
    return this.names[index] ?? '';
  }

  private *ancestors(index: number): Iterable<number> {
    for (
      let outer = this.parent[index] ?? null;
      outer !== null;
      outer = this.parent[outer] ?? null
    ) {
      yield outer;
    }
  }

  private findParents(): readonly (number | null)[] {
    const parent: (number | null)[] = [];
    const open: number[] = [];
    for (const index of this.sorted) {
      while (open.length > 0 && !this.name(index).startsWith(this.name(open.at(-1) ?? 0)))
        open.pop();
      parent[index] = open.at(-1) ?? null;
      open.push(index);
    }
    return parent;
  }

  private findDeciding(): readonly number[] {
    const deciding = new Set<number>();
    for (const index of this.names.keys()) {
      for (const outer of this.ancestors(index)) {
        const earlier = Math.min(outer, index);
        if (this.mayBeObject(earlier)) deciding.add(earlier);
      }
    }
    return [...deciding].toSorted((a, b) => a - b);
  }
}

/** Asked about ascending keys, tells those that are taken. */
export class TakenKeysWalk {
  private at = 0;

  constructor(private readonly taken: readonly TakenKeys[]) {}

  has(key: string): boolean {
    for (; this.at < this.taken.length; this.at++) {
      const { prefix, isObject } = this.taken[this.at] ?? { prefix: '', isObject: false };
      if (isObject ? key === prefix : key.startsWith(prefix)) return true;
      if (compareUtf8(prefix, key) > 0) return false;
    }
    return false;
  }
}
