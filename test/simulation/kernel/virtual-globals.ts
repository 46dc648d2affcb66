import { EPOCH_MS, type Task } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Stands for what Node's timers return. */
class TimerHandle {
  constructor(
    private task: Task,
    private readonly start: () => Task,
  ) {}

  cancel(): void {
    this.task.isCancelled = true;
  }

  refresh(): this {
    this.cancel();
    this.task = this.start();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

let active: VirtualTime | null = null;

function activeTime(): VirtualTime {
  if (active === null) throw new Error('no simulation runs: a timer was set before or after it');
  return active;
}

/** From here on `time` is what timers of this thread wait for. */
export function useVirtualTime(time: VirtualTime): void {
  active = time;
}

function startTimer(delayMs: number, run: () => void): TimerHandle {
  const time = activeTime();
  const owner = time.current;
  const start = (): Task => time.schedule(owner, delayMs, '', run);
  return new TimerHandle(start(), start);
}

function startInterval(intervalMs: number, run: () => void): TimerHandle {
  const handle: TimerHandle = startTimer(intervalMs, () => {
    handle.refresh();
    run();
  });
  return handle;
}

/** As Node has it: no timer is shorter than a millisecond. */
const atLeastOne = (delayMs: number): number => Math.max(1, delayMs);

const cancel = (handle: unknown): void => {
  if (handle instanceof TimerHandle) handle.cancel();
};

/**
 * Puts every way to ask the time or to wait under the control of the simulation that runs in this
 * thread. What imports `node:timers` itself is not: the platform's use cases do not.
 */
export function installVirtualGlobals(): void {
  type Callback = (...args: unknown[]) => void;
  Object.assign(globalThis, {
    setTimeout: (run: Callback, delayMs = 0, ...args: unknown[]) =>
      startTimer(atLeastOne(delayMs), () => run(...args)),
    setImmediate: (run: Callback, ...args: unknown[]) => startTimer(0, () => run(...args)),
    setInterval: (run: Callback, intervalMs = 0, ...args: unknown[]) =>
      startInterval(atLeastOne(intervalMs), () => run(...args)),
    clearTimeout: cancel,
    clearInterval: cancel,
    clearImmediate: cancel,
  });
  Date.now = () => EPOCH_MS + activeTime().nowMs;
  Object.defineProperty(performance, 'now', { value: () => activeTime().nowMs });
  Object.defineProperty(AbortSignal, 'timeout', {
    value: (delayMs: number): AbortSignal => {
      const controller = new AbortController();
      startTimer(delayMs, () => controller.abort(new DOMException('timed out', 'TimeoutError')));
      return controller.signal;
    },
  });
}
