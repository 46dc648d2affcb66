import type { BatchReceiver, DeadLetter, LeasedBatch } from '#libs/batch-queue/batch-queue.port.ts';
import type { BatchEvent } from '#libs/domain/batch/batch.events.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { Fact } from '#libs/event-store/event-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import type { Outcome } from './batch-outcome.ts';

/** Measured: writing outcomes together every 10 ms, at most 64, nearly doubles the rate of batches. */
const GROUP_MS_MAX = 10;
const GROUP_COUNT_MAX = 64;
/** For a store that is slow or away. */
const BACKLOG_COUNT_MAX = 1024;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2000;

export interface OutcomeLogDeps {
  record(facts: readonly Fact<BatchEvent>[]): Promise<void>;
  deadLetter(letter: DeadLetter): Promise<void>;
  readonly queue: Pick<BatchReceiver, 'remove' | 'release'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** With so many outcomes that are not recorded there is no room for more. */
  readonly backlogCountMax?: number | undefined;
}

/**
 * Records outcomes in groups and only then settles their batches with the queue: a crash in
 * between repeats work, it never loses it. One group is on its way at a time; what comes meanwhile
 * makes the next. While the store is away it keeps trying, and the leases are renewed meanwhile.
 */
export class OutcomeLog {
  private facts: Fact<BatchEvent>[] = [];
  private waiting: Outcome[] = [];
  private storing: readonly Outcome[] = [];
  private flushing: Promise<void> | null = null;
  private isFlushDue = false;
  private timer: NodeJS.Timeout | null = null;
  private isHalted = false;
  private roomListener: () => void = () => {};
  private readonly giveUp = new AbortController();

  constructor(private readonly deps: OutcomeLogDeps) {}

  /** Something to record that settles no batch. */
  note(event: BatchEvent): void {
    this.addFact(event);
    this.schedule();
  }

  add(outcome: Outcome): void {
    for (const event of outcome.events) this.addFact(event);
    this.waiting.push(outcome);
    this.schedule();
  }

  /** Batches whose leases have to be kept until their outcomes are stored. */
  get held(): LeasedBatch[] {
    return [...this.storing, ...this.waiting].map((outcome) => outcome.batch);
  }

  get isFull(): boolean {
    const { backlogCountMax = BACKLOG_COUNT_MAX } = this.deps;
    return this.storing.length + this.waiting.length >= backlogCountMax;
  }

  /** Waits until there is room for an outcome, or until `halt`. */
  async room(): Promise<void> {
    while (this.isFull && !this.isHalted) {
      this.flush();
      await new Promise<void>((resolve) => (this.roomListener = resolve));
    }
  }

  /** From here on nobody waits for room. */
  halt(): void {
    this.isHalted = true;
    this.roomListener();
  }

  /** Records what is there now rather than waiting for more. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.facts.length === 0) return;
    this.isFlushDue = true;
    this.flushing ??= this.storeGroups().finally(() => (this.flushing = null));
  }

  /** Records what is left; gives up after `waitMsMax`, and the batches are then offered again. */
  async close(waitMsMax: number): Promise<void> {
    this.halt();
    const timer = setTimeout(() => this.giveUp.abort(), waitMsMax);
    while (this.facts.length > 0 && !this.giveUp.signal.aborted) {
      this.flush();
      await this.flushing;
    }
    await this.flushing;
    clearTimeout(timer);
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private addFact(event: BatchEvent): void {
    this.facts.push({ id: eventId(event), at: this.deps.clock().toISOString(), event });
  }

  private schedule(): void {
    if (this.waiting.length >= GROUP_COUNT_MAX) return this.flush();
    this.timer ??= setTimeout(() => this.flush(), GROUP_MS_MAX);
  }

  private async storeGroups(): Promise<void> {
    while (this.isFlushDue && !this.giveUp.signal.aborted) {
      this.isFlushDue = false;
      const facts = this.facts;
      this.storing = this.waiting;
      this.facts = [];
      this.waiting = [];
      await this.store(facts, this.storing);
      this.storing = [];
      this.roomListener();
    }
  }

  private async store(
    facts: readonly Fact<BatchEvent>[],
    outcomes: readonly Outcome[],
  ): Promise<void> {
    const isStored = await this.untilDone(async () => {
      for (const { deadLetter } of outcomes) {
        if (deadLetter !== null) await this.deps.deadLetter(deadLetter);
      }
      await this.deps.record(facts);
    });
    if (isStored) this.settle(outcomes);
    else this.deps.logger.error({ outcomeCount: outcomes.length }, 'left with outcomes unrecorded');
  }

  private settle(outcomes: readonly Outcome[]): void {
    const settled: LeasedBatch[] = [];
    for (const { batch, offerAgainAfterMs } of outcomes) {
      if (offerAgainAfterMs === null) settled.push(batch);
      else this.deps.queue.release(batch, offerAgainAfterMs);
    }
    if (settled.length > 0) this.deps.queue.remove(settled);
  }

  /** Tries until it works; `false` when this worker has to leave before it did. */
  private async untilDone(write: () => Promise<void>): Promise<boolean> {
    const { signal } = this.giveUp;
    for (let pauseMs = RETRY_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
      try {
        await write();
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        this.deps.logger.warn({ err: error, pauseMs }, 'cannot record outcomes, will retry');
        await pause(pauseMs, signal);
      }
    }
  }
}
