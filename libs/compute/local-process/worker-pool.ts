import { type WorkerCommand, WorkerProcess } from './worker-process.ts';

/** Refilling while a job starts or ends would take processor time from it. */
const REFILL_MS = 1000;

export interface WorkerPoolOptions {
  readonly program: WorkerCommand;
  /** How many processes wait for a job, at most. */
  readonly warmCount: number;
  /** How many workers could start now: more processes than that would wait in vain. */
  readonly freeSlots: () => number;
}

/** Worker processes, a few of them ready ahead so that a job need not wait for Node's start. */
export class WorkerPool {
  private readonly idle = new Set<WorkerProcess>();
  private refilling: NodeJS.Timeout | null = null;
  private isClosed = false;

  constructor(private readonly options: WorkerPoolOptions) {}

  take(): WorkerProcess {
    for (const warm of this.idle) {
      this.idle.delete(warm);
      if (warm.isUsable) return warm;
    }
    return this.start();
  }

  /** Starts as many processes as are missing: a process that ended on its own is one of them. */
  fill(): void {
    this.isClosed = false;
    const { warmCount, freeSlots } = this.options;
    while (this.idle.size < Math.min(warmCount, freeSlots())) {
      this.idle.add(this.start());
    }
  }

  /** Takes back a process that has left its job, for the next; one too many ends before this resolves. */
  async giveBack(worker: WorkerProcess): Promise<void> {
    const isWanted = !this.isClosed && this.idle.size < this.options.warmCount;
    if (isWanted && worker.isUsable) {
      this.idle.add(worker);
      return;
    }
    worker.kill();
    await worker.exited;
  }

  /** Fills in a moment, for when slots have become free. */
  fillSoon(): void {
    this.refilling ??= setTimeout(() => {
      this.refilling = null;
      this.fill();
    }, REFILL_MS).unref();
  }

  /** Ends the idle processes. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (this.refilling !== null) clearTimeout(this.refilling);
    this.refilling = null;
    const ends = [...this.idle].map((worker) => worker.exited);
    for (const worker of this.idle) worker.kill();
    await Promise.all(ends);
  }

  private start(): WorkerProcess {
    const worker = new WorkerProcess(this.options.program);
    void worker.exited.then(() => this.idle.delete(worker));
    return worker;
  }
}
