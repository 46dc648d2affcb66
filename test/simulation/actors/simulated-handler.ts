import type { CallResult, HandlerCalls } from '../../../services/worker/handler-connection.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { HandlerPlan } from '../scenario.ts';
import type { World } from '../world.ts';

const BATCH_HEADERS = /X-Cortex-Batch-ID: [0-9a-f]+-(\d+)\r\nX-Cortex-Attempt: (\d+)/;
const NOT_FOUND = 404;

/** Looks at what a handler is asked and says. */
export interface HandlerObserver {
  batchCalled(call: BatchCall): void;
  batchHandled(call: BatchCall): void;
  hookCalled(): void;
  hookAcknowledged(worker: string): void;
}

export interface BatchCall {
  readonly index: number;
  readonly attempt: number;
  readonly payload: Uint8Array;
  readonly worker: string;
}

/** The user's code of one worker. It takes its time, fails, and dies. */
export class SimulatedHandler {
  private isAlive = true;
  private deathListener: () => void = () => {};
  private readonly calls = new Set<(result: CallResult) => void>();

  constructor(
    private readonly world: World,
    private readonly process: SimProcess,
    private readonly plan: HandlerPlan,
    private readonly observer: HandlerObserver,
  ) {
    process.onDeath(() => (this.isAlive = false));
  }

  get hasDied(): boolean {
    return !this.isAlive;
  }

  onDeath(listener: () => void): void {
    this.deathListener = listener;
  }

  /** The worker hears of it by its calls, and a moment later by the end of the handler's process. */
  die(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    const { time, draw } = this.world;
    for (const settle of this.calls) settle({ kind: 'unreachable', message: 'connection reset' });
    const listener = (): void => this.deathListener();
    time.schedule(this.process, draw.between(0, 100), 'handler has died', listener);
  }

  connect(): HandlerCalls {
    let isHalted = false;
    const ownCalls = new Set<(result: CallResult) => void>();
    const send = (head: string, payload: Uint8Array): Promise<CallResult> => {
      if (isHalted) return Promise.resolve({ kind: 'cut' });
      return new Promise((resolve) => {
        const settle = (result: CallResult): void => {
          this.calls.delete(settle);
          ownCalls.delete(settle);
          const { time, draw } = this.world;
          time.schedule(this.process, draw.between(0.05, 1), result.kind, () => resolve(result));
        };
        this.calls.add(settle);
        ownCalls.add(settle);
        this.answer(head, payload, settle);
      });
    };
    const halt = (): void => void (isHalted = true);
    const destroy = (): void => {
      halt();
      for (const settle of ownCalls) settle({ kind: 'cut' });
    };
    return { send, halt, destroy };
  }

  private answer(head: string, payload: Uint8Array, settle: (result: CallResult) => void): void {
    if (!this.isAlive) return settle({ kind: 'unreachable', message: 'connection refused' });
    if (head.startsWith('POST /on-job-complete')) return this.answerHook(settle);
    const [, index, attempt] = BATCH_HEADERS.exec(head) ?? [];
    const worker = this.process.name;
    const call = { index: Number(index), attempt: Number(attempt), payload, worker };
    this.observer.batchCalled(call);
    const { draw } = this.world;
    const status = draw.chance(this.plan.failing) ? 500 : 200;
    const isFatal = draw.chance(this.plan.dying);
    this.later(`handle ${call.index}.${call.attempt}`, settle, () => {
      if (isFatal) return this.die();
      if (status === 200) this.observer.batchHandled(call);
      settle({ kind: 'answered', status, text: '' });
    });
  }

  private answerHook(settle: (result: CallResult) => void): void {
    this.observer.hookCalled();
    const { draw } = this.world;
    const bad = draw.chance(this.plan.hookFailing) ? 500 : 200;
    const status = this.plan.hasNoHook ? NOT_FOUND : bad;
    this.later(`handle the hook: ${status}`, settle, () => {
      if (status === 200) this.observer.hookAcknowledged(this.process.name);
      settle({ kind: 'answered', status, text: '' });
    });
  }

  /** In the handler's own process, which does not stand still when the worker's does. */
  private later(what: string, settle: (result: CallResult) => void, work: () => void): void {
    const { time, draw } = this.world;
    const durationMs = draw.between(this.plan.minMs, this.plan.maxMs);
    time.schedule(time.world, durationMs, what, () => {
      if (this.isAlive && this.calls.has(settle)) work();
    });
  }
}
