/** The keys of one bucket as S3 lists them: in the order of their UTF-8 bytes, each of them once. */
export class KeyOrder {
  private sorted: string[] = [];
  private readonly present = new Set<string>();
  /** Changes since `sorted` was made; it is made anew when somebody lists. */
  private readonly added = new Set<string>();
  private readonly removed = new Set<string>();
  private hasSurrogates = false;

  has(key: string): boolean {
    return this.present.has(key);
  }

  add(key: string): void {
    if (this.present.has(key)) return;
    this.present.add(key);
    this.added.add(key);
    this.hasSurrogates ||= /[\ud800-\udfff]/.test(key);
  }

  remove(key: string): void {
    if (this.present.delete(key) && !this.added.delete(key)) this.removed.add(key);
  }

  /** Every key, in order. */
  all(): readonly string[] {
    if (this.added.size + this.removed.size === 0) return this.sorted;
    const { removed } = this;
    const kept = removed.size === 0 ? this.sorted : this.sorted.filter((key) => !removed.has(key));
    this.sorted = [...kept, ...this.added];
    // Without surrogates the built-in order, that of UTF-16, is the same and several times as fast.
    this.sorted.sort(this.hasSurrogates ? compareBytes : undefined);
    this.added.clear();
    removed.clear();
    return this.sorted;
  }

  /** Index in `all()` of the first key that does not come before this one. */
  indexOf(key: string): number {
    return firstIndex(this.all(), (other) => compareBytes(other, key) >= 0);
  }

  /** Index in `all()` of the first key behind all those that begin with `prefix`. */
  indexBehind(prefix: string): number {
    return firstIndex(
      this.all(),
      (other) => !other.startsWith(prefix) && compareBytes(other, prefix) > 0,
    );
  }
}

/** Compares as the UTF-8 bytes do: surrogates, which stand for the highest characters, come last. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const codeA = a.charCodeAt(index);
    const codeB = b.charCodeAt(index);
    if (codeA !== codeB) return rank(codeA) - rank(codeB);
  }
  return a.length - b.length;
}

const rank = (code: number): number => (code >= 0xd800 && code <= 0xdfff ? code + 0x10000 : code);

/** Of a list in which everything from the first `true` on is `true`. */
function firstIndex(list: readonly string[], is: (item: string) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (is(list[middle] ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}
