import {
  type Compute,
  type HookResponse,
  type LogChunk,
  NoLiveWorker,
  type WorkerReport,
  type Workload,
} from '#libs/compute/compute.port.ts';
import type { HandlerPorts } from '#libs/compute/local-process/handler-ports.ts';
import { LocalWorker, type WorkerChange } from '#libs/compute/local-process/local-worker.ts';
import type { WorkerPool } from '#libs/compute/local-process/worker-pool.ts';
import type { WorkerProcess } from '#libs/compute/local-process/worker-process.ts';
import { WorkerSlots } from '#libs/compute/local-process/worker-slots.ts';
import type { WorkerAssignment } from '#libs/compute/worker-protocol.ts';
import { type JobId, type WorkerId, workerId } from '#libs/domain/kernel/ids.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { World } from '../world.ts';
import type { SimulatedWorkerProcess } from './simulated-worker-process.ts';

const CLOSE_MS_MAX = 3000;

export interface ComputeOptions {
  readonly world: World;
  readonly process: SimProcess;
  openWorker(supervisor: SimProcess): SimulatedWorkerProcess;
  /** All workers of a job are lost and are not replaced. */
  onJobLost(jobId: JobId): void;
}

/** Local compute, with the real supervision of workers, whose processes are of the simulation. */
export class SimulatedCompute implements Compute {
  private readonly jobs = new Map<JobId, readonly LocalWorker[]>();
  private readonly lost = new Map<JobId, Set<WorkerId>>();
  private readonly host: ConstructorParameters<typeof LocalWorker>[0];
  private listener: (report: WorkerReport) => void = () => {};
  private portCount = 0;

  constructor(private readonly options: ComputeOptions) {
    const { world, process } = options;
    const pool: Pick<WorkerPool, 'take' | 'fillSoon'> = {
      take: () =>
        options.openWorker(process) as Pick<WorkerProcess, keyof WorkerProcess> as WorkerProcess,
      fillSoon: () => {},
    };
    const ports: Pick<HandlerPorts, 'take' | 'giveBack'> = {
      take: async () => ++this.portCount,
      giveBack: () => {},
    };
    this.host = {
      slots: new WorkerSlots(world.scenario.workersMax),
      pool: pool as WorkerPool,
      ports: ports as HandlerPorts,
    };
  }

  async start(workload: Workload): Promise<void> {
    const { jobId } = workload;
    if (this.jobs.has(jobId)) return;
    const workers = Array.from({ length: workload.workers }, (_, ordinal) =>
      this.newWorker(workload, workerId(ordinal)),
    );
    this.jobs.set(jobId, workers);
    for (const worker of workers) worker.begin();
  }

  async halt(jobId: JobId): Promise<void> {
    await Promise.all(this.workersOf(jobId).map((worker) => worker.halt()));
  }

  async callCompletionHook(jobId: JobId, body: string, signal: AbortSignal): Promise<HookResponse> {
    const worker = this.workersOf(jobId).find((each) => each.isRunning);
    if (worker === undefined) throw new NoLiveWorker(`job ${jobId} has no running worker`);
    return worker.callHook(body, signal);
  }

  async stop(jobId: JobId, graceMs: number): Promise<void> {
    await Promise.all(this.workersOf(jobId).map((worker) => worker.stop(graceMs)));
    this.jobs.delete(jobId);
  }

  onReport(listener: (report: WorkerReport) => void): void {
    this.listener = listener;
  }

  async readLog(): Promise<LogChunk | null> {
    return null;
  }

  async list(): Promise<readonly JobId[]> {
    return [...this.jobs.keys()];
  }

  async close(): Promise<void> {
    const workers = [...this.jobs.values()].flat();
    this.jobs.clear();
    await Promise.all(workers.map((worker) => worker.stop(0, CLOSE_MS_MAX)));
  }

  private workersOf(jobId: JobId): readonly LocalWorker[] {
    return this.jobs.get(jobId) ?? [];
  }

  private newWorker(workload: Workload, id: WorkerId): LocalWorker {
    const { jobId, firstRestart } = workload;
    return new LocalWorker(this.host, {
      jobId,
      workerId: id,
      firstRestart,
      assignment: (restart, handlerPort) =>
        assignmentOf(workload, { workerId: id, restart, handlerPort }),
      onChange: (change) => this.report(workload, id, change),
    });
  }

  private report({ apiName, jobId, workers }: Workload, id: WorkerId, change: WorkerChange): void {
    if (change.state === 'failed' && !change.willRestart) {
      const lost = this.lost.get(jobId) ?? new Set();
      this.lost.set(jobId, lost.add(id));
      if (lost.size === workers) this.options.onJobLost(jobId);
    }
    const at = this.options.process.clock().toISOString();
    this.listener({ apiName, jobId, workerId: id, ...change, at });
  }
}

const assignmentOf = (
  { apiName, jobId, traceparent, deadLetterQueue }: Workload,
  run: Pick<WorkerAssignment, 'workerId' | 'restart' | 'handlerPort'>,
): WorkerAssignment => ({
  apiName,
  jobId,
  ...run,
  containers: [],
  logFile: '',
  traceparent,
  deadLetterQueue,
});
