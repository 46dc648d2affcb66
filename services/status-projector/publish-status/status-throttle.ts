/**
 * Lets each key through at once when it has been quiet for `intervalMs`, and otherwise once at the
 * end of that time: a change is never lost, however many come, and none waits longer.
 */
export class StatusThrottle<Key> {
  /** Oldest first. */
  private readonly lastMs = new Map<Key, number>();
  private readonly waiting = new Set<Key>();

  constructor(private readonly intervalMs: number) {}

  /** @returns whether the change may be told now; otherwise `due` gives the key in time */
  changed(key: Key, nowMs: number): boolean {
    if (this.dueMs(key) > nowMs) {
      this.waiting.add(key);
      return false;
    }
    this.tell(key, nowMs);
    return true;
  }

  /** Keys that waited long enough, and are told now. */
  due(nowMs: number): readonly Key[] {
    const due = [...this.waiting].filter((key) => this.dueMs(key) <= nowMs);
    for (const key of due) this.tell(key, nowMs);
    this.forgetQuiet(nowMs);
    return due;
  }

  /** When `due` is to be asked next; `null` when nothing waits. */
  nextDueMs(): number | null {
    let next: number | null = null;
    for (const key of this.waiting) next = Math.min(next ?? Infinity, this.dueMs(key));
    return next;
  }

  /** Keys that still wait, told now whatever the time. */
  flush(): readonly Key[] {
    const left = [...this.waiting];
    this.waiting.clear();
    return left;
  }

  /** How many keys it remembers. */
  get size(): number {
    return this.lastMs.size;
  }

  private dueMs(key: Key): number {
    return (this.lastMs.get(key) ?? -Infinity) + this.intervalMs;
  }

  private tell(key: Key, nowMs: number): void {
    this.waiting.delete(key);
    this.lastMs.delete(key); // Behind all others.
    this.lastMs.set(key, nowMs);
    this.forgetQuiet(nowMs);
  }

  /** A key that was quiet for so long is as one that was never told. */
  private forgetQuiet(nowMs: number): void {
    for (const [key, lastMs] of this.lastMs) {
      if (lastMs + this.intervalMs > nowMs) return;
      if (!this.waiting.has(key)) this.lastMs.delete(key);
    }
  }
}
