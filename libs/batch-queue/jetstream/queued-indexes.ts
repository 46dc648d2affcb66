import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { parseBatchId } from '#libs/domain/kernel/ids.ts';
import { MESSAGE_ID_HEADER } from './delivery.ts';
import { QUEUE_STREAM } from './queue-names.ts';

/** Requests in flight. Each names the message after the last, so speed comes from scanning parts. */
const PARTS_MAX = 32;

/**
 * Indexes of the batches on a subject, as of now: what is sent meanwhile may be missing.
 *
 * A work queue allows no second consumer on a job's subject, not even one that only looks, so the
 * messages are read one by one. Settled batches are gone and cost nothing.
 */
export async function queuedIndexes(
  manager: JetStreamManager,
  subject: string,
): Promise<Set<number>> {
  const last = await manager.direct.getMessage(QUEUE_STREAM, { last_by_subj: subject });
  const first = await manager.direct.getMessage(QUEUE_STREAM, { seq: 1, next_by_subj: subject });
  const indexes = new Set<number>();
  if (first === null || last === null) return indexes;

  const stepLength = Math.ceil((last.seq - first.seq + 1) / PARTS_MAX);
  const parts: Promise<void>[] = [];
  for (let from = first.seq; from <= last.seq; from += stepLength) {
    const to = Math.min(from + stepLength - 1, last.seq);
    parts.push(
      scan(manager, subject, { from, to, visit: (message) => addIndex(indexes, message) }),
    );
  }
  await Promise.all(parts);
  return indexes;
}

interface Part {
  /** First and last sequence in the stream. */
  readonly from: number;
  readonly to: number;
  visit(message: StoredMsg): void;
}

async function scan(manager: JetStreamManager, subject: string, part: Part): Promise<void> {
  for (let seq = part.from; seq <= part.to; seq++) {
    const message = await manager.direct.getMessage(QUEUE_STREAM, { seq, next_by_subj: subject });
    if (message === null || message.seq > part.to) return;
    part.visit(message);
    seq = message.seq;
  }
}

function addIndex(indexes: Set<number>, message: StoredMsg): void {
  const id = parseBatchId(message.header.get(MESSAGE_ID_HEADER));
  if (id !== null) indexes.add(id.index);
}
