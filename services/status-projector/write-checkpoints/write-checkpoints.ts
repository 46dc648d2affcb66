import { setImmediate as aTurn } from 'node:timers/promises';
import { digestOf } from '#libs/audit/event-digest.ts';
import { IntervalHash } from '#libs/audit/interval-hash.ts';
import type { LogCheckpointed } from '#libs/domain/audit/audit.events.ts';
import { type CheckpointRule, checkpointWaitMs } from '#libs/domain/audit/checkpoint-due.ts';
import { ceTypeOf } from '#libs/event-store/codec/event-codec.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { type EventStore, VersionConflict } from '#libs/event-store/event-store.port.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import type { LeaderLease } from '#libs/leader-lease/leader-lease.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { aborted, pause } from '#libs/platform/pause.ts';

const LANE = { kind: 'audit' } as const;
const RETRY_MS = 1000;
/** `dev.cortex.batch.LogCheckpointed.v`, whichever version. */
const CHECKPOINT_TYPE = ceTypeOf('LogCheckpointed', 1).replace(/\d+$/, '');

export interface WriteCheckpointsDeps {
  readonly store: Pick<EventStore, 'newest' | 'append' | 'followStored'>;
  /** Of several projectors one writes; two would only hash in vain. */
  readonly lease: LeaderLease;
  readonly rule: CheckpointRule;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Seals the log: reads it as it is stored, by a reader of its own behind the newest checkpoint, and
 * appends the next checkpoint whenever one is due, until `signal` aborts.
 *
 * Nothing ends it but `signal`: a log that cannot be sealed for a while is sealed later, and the fold
 * beside it goes on.
 *
 * @param ready resolves when hashing may begin: a fold that has the log to read comes first
 */
export async function writeCheckpoints(
  deps: WriteCheckpointsDeps,
  signal: AbortSignal,
  ready: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await Promise.race([ready(), aborted(signal)]);
      const lost = await deps.lease.acquire(signal);
      await sealWhileLeading(deps, lost);
    } catch (error) {
      if (signal.aborted) return;
      deps.logger.warn({ err: error }, 'log not sealed, will retry');
      await pause(RETRY_MS, signal);
    }
  }
}

async function sealWhileLeading(deps: WriteCheckpointsDeps, lost: AbortSignal): Promise<void> {
  while (!lost.aborted) {
    try {
      await sealOnFrom(await newestSeal(deps), deps, lost);
    } catch (error) {
      if (error instanceof VersionConflict) continue; // Somebody else wrote it: go on from that.
      deps.logger.warn({ err: error }, 'checkpoint not written, will retry');
      await pause(RETRY_MS, lost);
    }
  }
}

/** Where to go on: behind the newest checkpoint. */
interface Seal {
  readonly position: number;
  readonly sha256: string | null;
}

async function newestSeal({ store }: WriteCheckpointsDeps): Promise<Seal> {
  const { logged } = await store.newest<LogCheckpointed>(LANE);
  const { position = 0, sha256 = null } = logged?.event.data ?? {};
  return { position, sha256 };
}

async function sealOnFrom(
  from: Seal,
  deps: WriteCheckpointsDeps,
  signal: AbortSignal,
): Promise<void> {
  const stopped = new AbortController();
  const interval = new OpenInterval(from.sha256, deps.rule);
  const either = AbortSignal.any([signal, stopped.signal]);
  const groups = deps.store.followStored(from.position, either)[Symbol.asyncIterator]();
  let next = groups.next();
  try {
    for (;;) {
      const waitMs = interval.waitMs();
      if (waitMs === 0) {
        await interval.seal(deps);
        continue;
      }
      const group = await orAfter(waitMs, next);
      if (group === null) continue;
      if (group.done === true) return;
      next = groups.next();
      for (const event of group.value) {
        interval.add(event);
        if (interval.waitMs() === 0) await interval.seal(deps);
      }
      await aTurn(); // The fold comes first: it must not wait for a backlog to be hashed.
    }
  } finally {
    stopped.abort();
    next.catch(() => {}); // Nobody waits for it any more.
  }
}

/** What stands behind the newest checkpoint, so far. */
class OpenInterval {
  private hash: IntervalHash;
  private newsSinceMs: number | null = null;

  constructor(
    previousSha256: string | null,
    private readonly rule: CheckpointRule,
  ) {
    this.hash = new IntervalHash(previousSha256);
  }

  add(event: StoredEvent): void {
    this.hash.add(event.position, digestOf(event));
    if (event.cloudEvent.type.startsWith(CHECKPOINT_TYPE)) return;
    this.newsSinceMs ??= performance.now();
  }

  waitMs(): number | null {
    const { newsSinceMs } = this;
    const { eventCount } = this.hash;
    return checkpointWaitMs({ eventCount, newsSinceMs }, this.rule, performance.now());
  }

  /** @throws VersionConflict when another one was written meanwhile */
  async seal({ store, clock, logger }: WriteCheckpointsDeps): Promise<void> {
    const data = this.hash.seal();
    const event: LogCheckpointed = { type: 'LogCheckpointed', data };
    const { logged, version } = await store.newest<LogCheckpointed>(LANE);
    if ((logged?.event.data.sha256 ?? null) !== data.previousSha256) {
      throw new VersionConflict('audit', version);
    }
    const fact = { id: eventId(event), at: clock().toISOString(), event };
    await store.append<LogCheckpointed>(LANE, fact, version);
    logger.debug({ ...data }, 'checkpoint written');
    this.hash = new IntervalHash(data.sha256);
    this.newsSinceMs = null;
  }
}

/**
 * `null` when `waitMs` were over first. Not by racing one long wait again and again: that would hold on to
 * everything that was faster until the wait is over.
 */
function orAfter<T>(waitMs: number | null, answer: Promise<T>): Promise<T | null> {
  if (waitMs === null) return answer;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, waitMs, null);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
