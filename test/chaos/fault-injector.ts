import { setTimeout as pause } from 'node:timers/promises';
import type { PlannedFault, Target } from './chaos-plan.ts';
import type { ChaosHandler, ChaosPlatform } from './chaos-platform.ts';

const POLL_MS = 20;
/** A worker is replaced five times; of these a job may need three for itself. */
const DEATHS_PER_JOB_MAX = 2;

export interface InjectedFault {
  readonly fault: PlannedFault;
  readonly atMs: number;
  /** `null` when there was no such process at that moment. */
  readonly pid: number | null;
}

/** Does to the platform what the plan says, in the plan's order. */
export class FaultInjector {
  readonly injected: InjectedFault[] = [];
  private readonly deaths = new Map<string, number>();
  private readonly wakings = new Set<Promise<void>>();

  constructor(
    private readonly platform: ChaosPlatform,
    private readonly endedCount: () => number,
  ) {}

  /** Resolves when every fault was injected and every paused process runs again. */
  async run(faults: readonly PlannedFault[], signal: AbortSignal): Promise<void> {
    try {
      for (const fault of faults) {
        while (this.endedCount() < fault.afterEndedCount) await pause(POLL_MS, null, { signal });
        await pause(fault.delayMs, null, { signal });
        await this.inject(fault);
      }
    } finally {
      await Promise.all(this.wakings); // Also when given up: nothing stays asleep.
    }
  }

  private async inject(fault: PlannedFault): Promise<void> {
    const { target } = fault;
    const pid =
      target === 'worker' || target === 'handler'
        ? await this.pickOne(target, fault)
        : this.platform.servicePid(target);
    this.injected.push({ fault, atMs: Date.now(), pid });
    if (pid === null) return;
    if (fault.pauseMs === null) signalTo(pid, 'SIGKILL');
    else this.putToSleep(pid, fault.pauseMs);
  }

  private async pickOne(
    target: Extract<Target, 'worker' | 'handler'>,
    { pick, pauseMs }: PlannedFault,
  ): Promise<number | null> {
    const mayBeHit = ({ jobId }: ChaosHandler): boolean =>
      pauseMs !== null || (this.deaths.get(jobId) ?? 0) < DEATHS_PER_JOB_MAX;
    const handlers = (await this.platform.handlers()).filter(mayBeHit);
    const picked = handlers.toSorted((a, b) => a.pid - b.pid)[pick % handlers.length];
    if (picked === undefined) return null;
    if (pauseMs === null) this.deaths.set(picked.jobId, (this.deaths.get(picked.jobId) ?? 0) + 1);
    return target === 'worker' ? picked.workerPid : picked.pid;
  }

  private putToSleep(pid: number, pauseMs: number): void {
    signalTo(pid, 'SIGSTOP');
    const waking = wakeLater(pid, pauseMs).finally(() => this.wakings.delete(waking));
    this.wakings.add(waking);
  }
}

async function wakeLater(pid: number, pauseMs: number): Promise<void> {
  await pause(pauseMs);
  signalTo(pid, 'SIGCONT');
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile, which is as good.
  }
}
