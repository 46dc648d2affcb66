import type { StoredDeadLetter } from '../batch-queue.port.ts';
import type { DeadLetterPage } from '../dead-letter-page.ts';

/** Of letters that come in any order, those of the lowest indexes whose payloads fit: at least one. */
export class LowestLetters {
  private readonly byIndex = new Map<number, StoredDeadLetter>();
  private sizeBytes = 0;
  /** From this index on letters are not kept. */
  private endIndex = Infinity;

  constructor(private readonly bytesMax: number) {}

  add(letter: StoredDeadLetter): void {
    const { index, payload } = letter;
    if (index >= this.endIndex || this.byIndex.has(index)) return;
    this.byIndex.set(index, letter);
    this.sizeBytes += payload.length;
    while (this.sizeBytes > this.bytesMax && this.byIndex.size > 1) this.dropLast();
  }

  page(): DeadLetterPage {
    const letters = [...this.byIndex.values()].toSorted((a, b) => a.index - b.index);
    return { letters, hasMore: this.endIndex !== Infinity };
  }

  private dropLast(): void {
    const last = Math.max(...this.byIndex.keys());
    this.sizeBytes -= this.byIndex.get(last)?.payload.length ?? 0;
    this.byIndex.delete(last);
    this.endIndex = last;
  }
}
