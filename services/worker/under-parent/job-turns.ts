import type { ToWorker } from '#libs/compute/worker-protocol.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { Worker, WorkerLinks } from '../worker.ts';

/** One worker of one job. */
type TurnWorker = Pick<Worker, 'obey' | 'killHandler'>;

export interface JobTurnsDeps extends WorkerLinks {
  newWorker(links: WorkerLinks): TurnWorker;
  /** Calls `halt` when somebody else than the parent halts the job. @returns stops that */
  onHalt(jobId: JobId, halt: () => void): () => void;
  /** Resolves when what was said to the server has got there, or is taken never to. */
  flush(): Promise<void>;
}

/**
 * One worker after the other in one process: its start takes longer than many a job. What ends
 * otherwise than in order ends the process, and so does a parent that says so or is gone.
 */
export class JobTurns {
  private worker: TurnWorker;
  private isAssigned = false;
  private isLast = false;
  private stopListening: () => void = () => {};

  constructor(private readonly deps: JobTurnsDeps) {
    this.worker = this.nextWorker();
  }

  /**
   * Its parent may be paused when the job ends under another scheduler: so it also hears that on NATS.
   * An order for a worker that has just left is for nobody.
   */
  obey(order: ToWorker): void {
    const { worker } = this;
    if (order.type === 'assign' && !this.isAssigned) {
      this.isAssigned = true;
      const halt = (): void => worker.obey({ type: 'halt' });
      this.stopListening = this.deps.onHalt(order.assignment.jobId, halt);
    }
    if (this.isAssigned) worker.obey(order);
  }

  /** The process is to end when the worker has left. */
  end(graceMs: number): void {
    this.isLast = true;
    this.worker.obey({ type: 'stop', graceMs });
  }

  killHandler(): void {
    this.worker.killHandler();
  }

  private nextWorker(): TurnWorker {
    let isOver = false;
    return this.deps.newWorker({
      // A late word of this worker would be taken for one of the next.
      send: (message) => (isOver ? Promise.resolve() : this.deps.send(message)),
      exit: (code) => {
        if (isOver) return; // How it left was said.
        isOver = true;
        void this.turnOver(code);
      },
    });
  }

  private async turnOver(code: number): Promise<void> {
    if (code !== 0 || this.isLast) return this.deps.exit(code);
    this.stopListening();
    this.isAssigned = false;
    this.worker = this.nextWorker();
    await this.deps.flush(); // The parent may have no use for this process and kill it.
    await this.deps.send({ type: 'left' });
  }
}
