import { type WorkerCommand, WorkerProcess } from './worker-process.ts';

/** Refilling while a job starts would take processor time from its workers. */
const REFILL_MS = 2000;

/** Worker processes, a few of them started ahead so that a job need not wait for Node's start. */
export class WorkerPool {
  private readonly idle = new Set<WorkerProcess>();
  private refill: NodeJS.Timeout | null = null;

  /** @param warmCount how many processes wait for a job */
  constructor(
    private readonly program: WorkerCommand,
    private readonly warmCount: number,
  ) {
    this.fill();
  }

  take(): WorkerProcess {
    const [warm] = this.idle;
    if (warm === undefined) return new WorkerProcess(this.program);
    this.idle.delete(warm);
    this.refill ??= setTimeout(() => this.fill(), REFILL_MS).unref();
    return warm;
  }

  /** Ends the idle processes. */
  async close(): Promise<void> {
    if (this.refill !== null) clearTimeout(this.refill);
    const ends = [...this.idle].map((worker) => worker.exited);
    for (const worker of this.idle) worker.kill();
    await Promise.all(ends);
  }

  /** A process that ends on its own is not replaced before the next `take`: it may never start. */
  private fill(): void {
    this.refill = null;
    while (this.idle.size < this.warmCount) {
      const worker = new WorkerProcess(this.program);
      this.idle.add(worker);
      void worker.exited.then(() => this.idle.delete(worker));
    }
  }
}
