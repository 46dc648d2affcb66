import type { FromWorker, ToWorker, WorkerAssignment } from '#libs/compute/worker-protocol.ts';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';
import { pause } from '#libs/platform/pause.ts';
import { CompletionHook } from '../../../services/worker/call-completion-hook/completion-hook.ts';
import { BatchRunner } from '../../../services/worker/run-batches/batch-runner.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { JobPlan } from '../scenario.ts';
import type { Ports, World } from '../world.ts';
import { type HandlerObserver, SimulatedHandler } from './simulated-handler.ts';

const START_MS_MAX = 300;
const TERMINATE_MS_MAX = 50;
const FLUSH_MS_MAX = 5;
const DEATH_NOTICE_MS = 500;

export interface SimulatedWorkerDeps {
  readonly world: World;
  readonly process: SimProcess;
  readonly ports: Ports;
  planOf(assignment: WorkerAssignment): JobPlan['handler'];
  observerOf(assignment: WorkerAssignment): HandlerObserver;
  send(message: FromWorker): void;
  exit(code: number): void;
}

interface Assigned {
  readonly handler: SimulatedHandler;
  readonly runner: BatchRunner;
  readonly hook: CompletionHook;
}

/** What `Worker` does, with the real runner and hook, and a handler that is no process. */
export class SimulatedWorker {
  private assigned: Assigned | null = null;
  private readonly leaving = new AbortController();

  constructor(private readonly deps: SimulatedWorkerDeps) {}

  get handler(): SimulatedHandler | null {
    return this.assigned?.handler ?? null;
  }

  obey(message: ToWorker): void {
    switch (message.type) {
      case 'assign':
        void this.start(message.assignment);
        return;
      case 'halt':
        this.assigned?.runner.halt();
        this.deps.send({ type: 'halted' });
        return;
      case 'call-completion-hook':
        void this.callHook(message.body);
        return;
      case 'stop':
        void this.leave(message.graceMs);
        return;
      default:
        unreachable(message);
    }
  }

  private async start(assignment: WorkerAssignment): Promise<void> {
    const { world, process, ports } = this.deps;
    if (this.leaving.signal.aborted) return;
    const plan = this.deps.planOf(assignment);
    const handler = new SimulatedHandler(world, process, plan, this.deps.observerOf(assignment));
    const connect = (): ReturnType<SimulatedHandler['connect']> => handler.connect();
    const runner = new BatchRunner(
      {
        ...ports,
        leaseMs: world.scenario.leaseMs,
        handlerHasDied: () => this.hasDiedSoon(handler),
        handlerIsReady: () => pause(world.draw.between(0, START_MS_MAX), this.leaving.signal),
        connect,
      },
      assignment,
    );
    const { jobId, handlerPort } = assignment;
    this.assigned = { handler, runner, hook: new CompletionHook(jobId, handlerPort, connect()) };
    handler.onDeath(() => {
      void this.fail({ kind: 'container.exited', message: 'the handler has died' });
    });
    if (world.wire.isFaulty && world.draw.chance(plan.failingStart)) handler.die();
    await pause(world.draw.between(1, START_MS_MAX), this.leaving.signal);
    if (this.leaving.signal.aborted || handler.hasDied) return;
    this.deps.send({ type: 'running' });
    await runner.run();
  }

  private async callHook(body: string): Promise<void> {
    this.deps.send({ type: 'completion-hook-called' });
    const response = (await this.assigned?.hook.call(body)) ?? {
      status: null,
      message: 'the worker has no job',
    };
    this.deps.send({ type: 'completion-hook-answered', response });
  }

  private async hasDiedSoon(handler: SimulatedHandler): Promise<boolean> {
    if (!handler.hasDied) await pause(DEATH_NOTICE_MS);
    return handler.hasDied;
  }

  private async leave(graceMs: number): Promise<void> {
    if (this.leaving.signal.aborted) return;
    await this.close(graceMs);
    this.deps.exit(0);
  }

  private async fail(reason: Reason): Promise<void> {
    if (this.leaving.signal.aborted) return;
    await this.close(0);
    this.deps.send({ type: 'failed', reason });
    this.deps.exit(1);
  }

  private async close(graceMs: number): Promise<void> {
    this.leaving.abort();
    await this.assigned?.runner.close(graceMs);
    this.assigned?.hook.destroy();
    await pause(this.deps.world.draw.between(0, TERMINATE_MS_MAX));
    await pause(FLUSH_MS_MAX);
  }
}
