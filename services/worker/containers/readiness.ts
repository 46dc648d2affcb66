import type { Probe } from '#libs/domain/api/api-spec.ts';
import { pause } from '#libs/platform/pause.ts';
import { problemOf } from './probe.ts';

/** A handler that starts in a moment should not wait long; one that loads a model is asked less often. */
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 1000;
const PAUSE_GROWTH = 1.15;
/** How long a handler that was ready is taken to be, so that fast batches are not all probed for. */
const FRESH_MS = 1000;

const tcpProbe = (port: number): Probe => ({
  tcp_socket: { port },
  initial_delay_seconds: 0,
  timeout_seconds: 1,
  period_seconds: 1,
  success_threshold: 1,
  failure_threshold: 1,
});

export interface ReadinessOptions {
  /** Those that were asked for. */
  readonly probes: readonly (Probe | null)[];
  readonly handlerPort: number;
  /** How long a handler may take to become ready. */
  readonly readyMsMax: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/**
 * Whether the handler may be called: the probes that were asked for have to pass and, unless one of
 * them is just that, a TCP connect to the port the handler listens on.
 */
export class Readiness {
  private readonly given: readonly Probe[];
  private readonly all: readonly Probe[];
  private askedAt = 0;
  private lastProblem = 'nothing was asked yet';

  constructor(private readonly options: ReadinessOptions) {
    this.given = options.probes.filter((probe) => probe !== null);
    const hasDefault = this.given.some((probe) => probe.tcp_socket?.port === options.handlerPort);
    this.all = hasDefault ? this.given : [tcpProbe(options.handlerPort), ...this.given];
  }

  /** Whether a handler that was ready can say that it no longer is. */
  get canChange(): boolean {
    return this.given.length > 0;
  }

  /**
   * Waits until every probe has passed, each as often in a row as it asks for, or `signal` aborts.
   *
   * @returns what was wrong when the time was over; `null` when all is well
   */
  async untilReady(isFirst = false): Promise<string | null> {
    const { signal, readyMsMax } = this.options;
    const timeout = AbortSignal.timeout(readyMsMax);
    const giveUp = AbortSignal.any([signal, timeout]);
    const havePassed = await Promise.all(
      this.all.map((probe) => this.untilPassed(probe, giveUp, isFirst)),
    );
    if (signal.aborted || havePassed.every(Boolean)) return null;
    return `the handler was not ready within ${readyMsMax / 1000} s: ${this.lastProblem}`;
  }

  /** Asks the probes that were asked for, once each, unless that was a moment ago. */
  async isReady(): Promise<boolean> {
    if (performance.now() - this.askedAt < FRESH_MS) return true;
    const problems = await Promise.all(this.given.map((probe) => problemOf(probe)));
    const isReady = problems.every((problem) => problem === null);
    if (isReady) this.askedAt = performance.now();
    return isReady;
  }

  private async untilPassed(probe: Probe, giveUp: AbortSignal, isFirst: boolean): Promise<boolean> {
    if (isFirst) await pause(probe.initial_delay_seconds * 1000, giveUp);
    const pauseMsMax = Math.min(probe.period_seconds * 1000, PAUSE_MS_MAX);
    let pauseMs = PAUSE_MS_MIN;
    let successCount = 0;
    while (!giveUp.aborted) {
      const problem = await problemOf(probe);
      this.lastProblem = problem ?? this.lastProblem;
      successCount = problem === null ? successCount + 1 : 0;
      if (successCount >= probe.success_threshold) return true;
      await pause(Math.min(pauseMs, pauseMsMax), giveUp);
      pauseMs *= PAUSE_GROWTH;
    }
    return false;
  }
}
