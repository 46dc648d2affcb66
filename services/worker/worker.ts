import type { FromWorker, ToWorker, WorkerAssignment } from '#libs/compute/worker-protocol.ts';
import type { WorkerSettings } from '#libs/compute/worker-settings.ts';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { CompletionHook } from './call-completion-hook/completion-hook.ts';
import { Containers } from './containers/containers.ts';
import { Readiness } from './containers/readiness.ts';
import type { PodHandler } from './in-pod/pod-handler.ts';
import { BatchRunner, type BatchRunnerDeps } from './run-batches/batch-runner.ts';

/** A connection may break a moment before the end of the process behind it is known. */
const DEATH_NOTICE_MS = 500;

/** How a worker is heard by whoever started it. */
export interface WorkerLinks {
  /** Resolves when the message is on its way. */
  send(message: FromWorker): Promise<void>;
  /** It has left its job, with 0 when in order; what becomes of the process is for whoever started it. */
  exit(code: number): void;
}

export interface WorkerDeps
  extends WorkerLinks, Pick<BatchRunnerDeps, 'queue' | 'store' | 'clock' | 'leaseMs'> {
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  /** The handler that a pod runs beside this worker; without one the worker starts it. */
  readonly podHandler?: PodHandler;
}

/** What there is once the worker has been given a job. */
interface Assigned {
  readonly assignment: WorkerAssignment;
  readonly containers: Containers | PodHandler;
  readonly runner: BatchRunner;
  readonly hook: CompletionHook;
}

/** One worker of one job: starts the handler, feeds it batches, and obeys its supervisor. */
export class Worker {
  private assigned: Assigned | null = null;
  private readonly leaving = new AbortController();
  private hasEnded = false;

  constructor(private readonly deps: WorkerDeps) {}

  obey(message: ToWorker): void {
    switch (message.type) {
      case 'assign':
        return this.detached(this.start(message.assignment));
      case 'halt':
        this.assigned?.runner.halt();
        return this.detached(this.deps.send({ type: 'halted' }));
      case 'call-completion-hook':
        return this.detached(this.callHook(message.body));
      case 'stop':
        return this.detached(this.leave(message.graceMs));
      default:
        return unreachable(message);
    }
  }

  /** Kills the handler at once, for when this process ends whatever happens. */
  killHandler(): void {
    this.assigned?.containers.kill();
  }

  private async start(assignment: WorkerAssignment): Promise<void> {
    const { handlerPort, logFile, jobId, workerId } = assignment;
    if (this.assigned !== null || this.leaving.signal.aborted) return;
    const { logBytesMax } = this.deps.settings;
    const containers =
      this.deps.podHandler ?? new Containers(assignment.containers, { logFile, logBytesMax });
    const readiness = this.readinessOf(assignment);
    const runner = new BatchRunner(
      {
        ...this.deps,
        logger: this.deps.logger.child({ jobId, workerId }),
        handlerHasDied: () => this.hasDiedSoon(containers),
        handlerIsReady: async () => {
          await this.becameReady(readiness, containers);
        },
        ...(readiness.canChange && { handlerTakesBatches: () => readiness.isReady() }),
      },
      assignment,
    );
    this.assigned = {
      assignment,
      containers,
      runner,
      hook: new CompletionHook(jobId, handlerPort),
    };
    this.detached(containers.ended.then((reason) => this.fail(reason)));
    await this.deps.send({ type: 'containers-started', pids: containers.pids });

    if (!(await this.becameReady(readiness, containers, true))) return;
    await this.deps.send({ type: 'running' });
    await runner.run();
  }

  private readinessOf({ containers, handlerPort }: WorkerAssignment): Readiness {
    return new Readiness({
      probes: containers.map((container) => container.readinessProbe),
      handlerPort,
      readyMsMax: this.deps.settings.readyMsMax,
      signal: this.leaving.signal,
    });
  }

  /** @returns whether it has; otherwise the worker is leaving */
  private async becameReady(
    readiness: Readiness,
    containers: Containers | PodHandler,
    isFirst = false,
  ): Promise<boolean> {
    const problem = await readiness.untilReady(isFirst);
    if (problem !== null) {
      const message = problem + containers.lastOutput;
      this.detached(this.fail({ kind: 'worker.not_ready', message }));
    }
    return !this.leaving.signal.aborted;
  }

  private async callHook(body: string): Promise<void> {
    await this.deps.send({ type: 'completion-hook-called' });
    const response = (await this.assigned?.hook.call(body)) ?? {
      status: null,
      message: 'the worker has no job',
    };
    await this.deps.send({ type: 'completion-hook-answered', response });
  }

  private async hasDiedSoon(containers: Containers | PodHandler): Promise<boolean> {
    await this.deps.podHandler?.look();
    const ended = containers.ended.then(() => true);
    return Promise.race([ended, pause(DEATH_NOTICE_MS).then(() => false)]);
  }

  /** Gives back what was not started, lets the call in flight go on for `graceMs`, and has left then. */
  private async leave(graceMs: number): Promise<void> {
    if (!this.startLeaving()) return;
    await this.closeAssigned(graceMs);
    this.deps.exit(0);
  }

  /** The worker cannot go on: says why and exits with 1. */
  private async fail(reason: Reason): Promise<void> {
    if (!this.startLeaving()) return;
    this.deps.logger.warn({ reason }, 'worker failed');
    await this.closeAssigned(0).catch((error: unknown) => {
      this.deps.logger.error({ err: error }, 'worker cannot leave in order');
    });
    await this.deps.send({ type: 'failed', reason });
    this.deps.exit(1);
  }

  private async closeAssigned(graceMs: number): Promise<void> {
    try {
      await this.assigned?.runner.close(graceMs);
    } finally {
      this.assigned?.hook.destroy();
      await this.assigned?.containers.terminate();
    }
  }

  /** @returns `false` when the worker is leaving already */
  private startLeaving(): boolean {
    if (this.hasEnded) return false;
    this.hasEnded = true;
    this.leaving.abort();
    return true;
  }

  /** Whatever goes wrong where nobody waits for it is the end of this worker. */
  private detached(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.deps.logger.error({ err: error }, 'worker broke');
      const message = error instanceof Error ? error.message : String(error);
      if (this.hasEnded) this.deps.exit(1);
      else this.detached(this.fail({ kind: 'worker.broke', message }));
    });
  }
}
