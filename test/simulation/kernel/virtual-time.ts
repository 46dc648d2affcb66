import { createClock } from '@sinonjs/fake-timers';
import { SimProcess, type Task, type Timeline } from './sim-process.ts';
import type { Trace } from './trace.ts';

/** The fake clock counts microseconds, so that what takes about as long comes in any order. */
const TICKS_PER_MS = 1000;

/**
 * One time for all processes of a simulation, and what each of them is going to do.
 *
 * One task at a time is run, together with everything that follows from it without waiting. What
 * is put off meanwhile belongs to the process whose task it was: a dead process does none of it, a
 * paused one does it later.
 */
export class VirtualTime implements Timeline {
  private readonly timers = createClock(0);
  /** Stores, queues and whatever else is not a process of the platform. Never dies. */
  readonly world: SimProcess;
  /** Whose task runs now. */
  current: SimProcess;

  constructor(readonly trace: Trace) {
    this.world = new SimProcess('world', this);
    this.current = this.world;
  }

  get nowMs(): number {
    return this.timers.now / TICKS_PER_MS;
  }

  /** @param what names the step in the trace; `''` leaves it out */
  schedule(owner: SimProcess, delayMs: number, what: string, run: () => void): Task {
    const task: Task = { owner, what, run, isCancelled: false };
    this.timers.setTimeout(
      () => owner.perform(task),
      Math.max(0, Math.ceil(delayMs * TICKS_PER_MS)),
    );
    return task;
  }

  /** Runs a task as its owner. Only `SimProcess.perform` calls it. */
  enter({ owner, what, run, isCancelled }: Task): void {
    if (isCancelled) return;
    this.current = owner;
    if (what !== '') this.trace.add(this.nowMs, owner.name, what);
    run();
  }

  /** Goes to the next task and runs it. */
  step(): void {
    this.timers.next();
  }
}
