import type { PodState } from './pod-state.ts';

interface Wait {
  readonly sinceMs: number;
  readonly timer: NodeJS.Timeout;
}

/** Waits for what may pass by itself, and not for ever. */
export class Patience {
  private readonly waits = new Map<string, Wait>();

  /** @param onOver the time of a pod is over */
  constructor(private readonly onOver: (podName: string) => void) {}

  /** The state of a pod; a failure when something has stood in its way for too long. */
  judge(podName: string, state: PodState): PodState {
    if (!('patienceMs' in state)) {
      this.forget(podName);
      return state;
    }
    const { reason, patienceMs } = state;
    const now = performance.now();
    const wait = this.waits.get(podName) ?? this.startWait(podName, patienceMs);
    if (now - wait.sinceMs < patienceMs) return { state: 'initializing', reason };
    return { state: 'failed', verdict: 'final', reason };
  }

  close(): void {
    for (const podName of this.waits.keys()) this.forget(podName);
  }

  private startWait(podName: string, patienceMs: number): Wait {
    const timer = setTimeout(() => this.onOver(podName), patienceMs + 1);
    const wait = { sinceMs: performance.now(), timer };
    this.waits.set(podName, wait);
    return wait;
  }

  private forget(podName: string): void {
    clearTimeout(this.waits.get(podName)?.timer);
    this.waits.delete(podName);
  }
}
