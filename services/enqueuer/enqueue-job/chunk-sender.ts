import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import type { JobSubmitted } from '#libs/domain/job/job.events.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { BatchQueue } from '#libs/batch-queue/batch-queue.port.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { BatchChunk } from './chunk-buffer.ts';

export interface ChunkSenderDeps {
  readonly store: EventStore;
  readonly queue: BatchQueue;
  readonly clock: Clock;
}

interface SentChunk {
  readonly chunk: BatchChunk;
  readonly sent: Promise<void>;
}

/**
 * Sends chunks of a job's batches and records each with the cursor behind it.
 *
 * The next chunk is on its way while the one before is acknowledged and recorded, so the queue is
 * never idle. They are recorded strictly in order: the cursor of the furthest record is where
 * enqueuing resumes, so nothing before it may be missing on the queue.
 */
export class ChunkSender {
  private unrecorded: SentChunk | null = null;

  constructor(
    private readonly deps: ChunkSenderDeps,
    private readonly job: JobSubmitted['data'],
    /** Batches that an enqueuer before this one has sent. */
    private readonly alreadySent: ReadonlySet<number>,
  ) {}

  /** Starts to send `chunk`, and resolves when the one before it is recorded. */
  async add(chunk: BatchChunk): Promise<void> {
    const before = this.unrecorded;
    const sent = this.send(chunk);
    sent.catch(() => {}); // Reported by whoever records it; until then it must not count as unhandled.
    this.unrecorded = { chunk, sent };
    if (before !== null) await this.record(before);
  }

  /** Resolves when every chunk is recorded. */
  async finish(): Promise<void> {
    if (this.unrecorded !== null) await this.record(this.unrecorded);
    this.unrecorded = null;
  }

  /** Resolves when nothing is on its way any more, whatever became of it. */
  async idle(): Promise<void> {
    await this.unrecorded?.sent.catch(() => {});
  }

  private async send({ firstIndex, batches }: BatchChunk): Promise<void> {
    const outgoing = batches.map(({ payload }, offset) => ({
      index: firstIndex + offset,
      payload,
    }));
    const { alreadySent } = this;
    const unsent =
      alreadySent.size === 0 ? outgoing : outgoing.filter(({ index }) => !alreadySent.has(index));
    if (unsent.length > 0) await this.deps.queue.send(this.job, unsent);
  }

  private async record({ chunk, sent }: SentChunk): Promise<void> {
    await sent;
    const { apiName, jobId } = this.job;
    const at = this.deps.clock().toISOString();
    const facts = eventsOf(chunk, jobId).map((event) => ({ id: eventId(event), at, event }));
    await this.deps.store.record({ kind: 'batch', apiName, jobId }, facts);
  }
}

/** Skipped lines first: with the cursor behind them nobody would tell of them again. */
function eventsOf(chunk: BatchChunk, jobId: JobId): BatchEvent[] {
  const { firstIndex, itemCount, cursor, skippedLineCount, skipped } = chunk;
  const batchCount = chunk.batches.length;
  const events: BatchEvent[] = [];
  if (skipped !== null) events.push({ type: 'LinesSkipped', data: { jobId, ...skipped } });
  if (batchCount > 0)
    events.push({
      type: 'BatchEnqueued',
      data: { jobId, firstIndex, batchCount, itemCount, cursor, skippedLineCount },
    });
  return events;
}
