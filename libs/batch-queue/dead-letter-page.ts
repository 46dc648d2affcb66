import type { StoredDeadLetter } from './batch-queue.port.ts';

/** A part of a job's dead letters, and whether there are more behind it. */
export interface DeadLetterPage {
  readonly letters: readonly StoredDeadLetter[];
  readonly hasMore: boolean;
}

/** Letters in the order they come until their payloads would exceed `bytesMax`; one in any case. */
export async function pageOf(
  letters: AsyncIterable<StoredDeadLetter>,
  bytesMax: number,
): Promise<DeadLetterPage> {
  const page: StoredDeadLetter[] = [];
  let sizeBytes = 0;
  for await (const letter of letters) {
    sizeBytes += letter.payload.length;
    if (page.length > 0 && sizeBytes > bytesMax) return { letters: page, hasMore: true };
    page.push(letter);
  }
  return { letters: page, hasMore: false };
}
