import type { ApiName, JobId, WorkerId } from '#libs/domain/kernel/ids.ts';
import { workerId } from '#libs/domain/kernel/ids.ts';
import type { WorkerState } from '#libs/domain/worker/worker.events.ts';
import { type Clock, systemClock } from '#libs/platform/clock.ts';
import {
  type Compute,
  type HookResponse,
  type LogChunk,
  NoLiveWorker,
  type WorkerReport,
  type Workload,
} from '../compute.port.ts';

/** What the workers of this compute "say" when they are ready. */
const READY_LINE = 'listening\n';

interface MemoryWorker {
  readonly workload: Workload;
  readonly workerId: WorkerId;
  restart: number;
  state: WorkerState;
}

export interface InMemoryComputeOptions {
  readonly workersMax: number;
  readonly clock?: Clock;
  /** Stands for the handler's `/on-job-complete`. */
  readonly answerHook?: (body: string, signal: AbortSignal) => Promise<HookResponse>;
}

/** Workers that are only entries of a table: they come up at once and run nothing. */
export class InMemoryCompute implements Compute {
  private readonly jobs = new Map<JobId, MemoryWorker[]>();
  private readonly halted = new Set<JobId>();
  private readonly logs = new Map<string, string>();
  private listener: (report: WorkerReport) => void = () => {};

  constructor(private readonly options: InMemoryComputeOptions) {}

  async start(workload: Workload): Promise<void> {
    const { jobId, firstRestart: restart } = workload;
    if (this.jobs.has(jobId)) return;
    const workers = Array.from({ length: workload.workers }, (_, ordinal): MemoryWorker => {
      const id = workerId(ordinal);
      return { workload, workerId: id, restart, state: 'pending' };
    });
    this.jobs.set(jobId, workers);
    if (restart > 0) for (const worker of workers) this.report(worker);
    this.fillSlots();
  }

  async halt(jobId: JobId): Promise<void> {
    this.halted.add(jobId);
  }

  async callCompletionHook(jobId: JobId, body: string, signal: AbortSignal): Promise<HookResponse> {
    const worker = this.jobs.get(jobId)?.find(({ state }) => state === 'running');
    if (worker === undefined) throw new NoLiveWorker(`job ${jobId} has no running worker`);
    if (signal.aborted) throw new Error('gave up waiting', { cause: signal.reason });
    const answer =
      this.options.answerHook ?? (async () => ({ status: 200, message: 'hook heard' }));
    return answer(body, signal);
  }

  async stop(jobId: JobId): Promise<void> {
    for (const worker of this.jobs.get(jobId) ?? []) {
      if (worker.state !== 'failed') this.change(worker, 'succeeded');
    }
    this.jobs.delete(jobId);
    this.halted.delete(jobId);
    this.fillSlots();
  }

  onReport(listener: (report: WorkerReport) => void): void {
    this.listener = listener;
  }

  async readLog(
    worker: { readonly apiName: ApiName; readonly jobId: JobId; readonly workerId: WorkerId },
    offset: number,
    bytesMax: number,
  ): Promise<LogChunk | null> {
    const log = this.logs.get(logKey(worker.jobId, worker.workerId));
    if (log === undefined) return null;
    const bytes = Buffer.from(log).subarray(offset, offset + bytesMax);
    const isOpen = this.jobs.has(worker.jobId);
    return { bytes, nextOffset: offset + bytes.length, isOpen };
  }

  async list(): Promise<readonly JobId[]> {
    return [...this.jobs.keys()];
  }

  async close(): Promise<void> {
    for (const jobId of this.jobs.keys()) await this.stop(jobId);
  }

  /** Lets a worker die; a replacement follows unless it `isLost`. */
  crash(jobId: JobId, id: WorkerId, { isLost }: { readonly isLost: boolean }): void {
    const worker = this.jobs.get(jobId)?.find((each) => each.workerId === id);
    if (worker === undefined) return;
    worker.state = 'failed';
    const reason = { kind: 'worker.died', message: 'worker process was killed by SIGKILL' };
    this.report(worker, { willRestart: !isLost, reason });
    if (!isLost) {
      worker.restart += 1;
      this.change(worker, 'pending');
    }
    this.fillSlots();
  }

  /** Whether no handler call may start any more. */
  isHalted(jobId: JobId): boolean {
    return this.halted.has(jobId);
  }

  private fillSlots(): void {
    const workers = [...this.jobs.values()].flat();
    let used = workers.filter(({ state }) => state === 'running').length;
    for (const worker of workers) {
      if (used >= this.options.workersMax) return;
      if (worker.state !== 'pending' || this.halted.has(worker.workload.jobId)) continue;
      this.change(worker, 'initializing');
      this.change(worker, 'running');
      const key = logKey(worker.workload.jobId, worker.workerId);
      this.logs.set(key, (this.logs.get(key) ?? '') + READY_LINE);
      used += 1;
    }
  }

  private change(worker: MemoryWorker, state: WorkerState): void {
    worker.state = state;
    this.report(worker);
  }

  private report(
    { workload, workerId: id, restart, state }: MemoryWorker,
    { willRestart = false, reason = null }: Partial<WorkerReport> = {},
  ): void {
    const { apiName, jobId } = workload;
    const at = (this.options.clock ?? systemClock)().toISOString();
    this.listener({ apiName, jobId, workerId: id, restart, state, willRestart, reason, at });
  }
}

const logKey = (jobId: JobId, id: WorkerId): string => `${jobId}/${id}`;
