import { BatchQueueUnavailable } from '#libs/batch-queue/batch-queue.port.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { EventStoreUnavailable, VersionConflict } from '#libs/event-store/event-store.port.ts';
import { BlobStoreUnavailable } from '#libs/object-store/blob-store.port.ts';
import { InMemoryInputFiles } from '#libs/object-store/in-memory/in-memory-input-files.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { EnqueueJob } from '../../../services/enqueuer/enqueue-job/enqueue-job.ts';
import { TakeJobs } from '../../../services/enqueuer/take-jobs/take-jobs.ts';
import { Leader } from '../../../services/scheduler/leader.ts';
import { announceStalled } from '../../../services/status-projector/announce-stalled/announce-stalled.ts';
import type { WebhookSettings } from '../../../services/scheduler/send-webhooks/send-webhooks.ts';
import { keepSnapshots } from '../../../services/status-projector/keep-snapshots/keep-snapshots.ts';
import type { Checks } from '../checks/checks.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { World } from '../world.ts';
import { WiredLeaderLease } from '../wire/wired-leader-lease.ts';
import type { Program } from './service.ts';
import { SimulatedCompute } from './simulated-compute.ts';
import { SimulatedWorkerProcess } from './simulated-worker-process.ts';

const ENQUEUE_JOBS_MAX = 2;
const SNAPSHOT_INTERVAL_MS = 3_000;
const QUEUE_LOOK_MS = 5_000;
const SWEEP_MS = 10_000;
const NO_WEBHOOKS: WebhookSettings = {
  secrets: [],
  allowPrivate: false,
  timeoutMs: 1000,
  retry: { firstWaitMs: 10, giveUpAfterMs: 60_000 },
};
/** Short, so that workers that wait for a slot are. */
export const STALLED_AFTER_MS = 2_000;

export const enqueuerProgram =
  (world: World, checks: Checks): Program =>
  (process, stopping) => {
    const ports = world.portsOf(process, checks);
    const work = new EnqueueJob({ ...ports, inputFiles: new InMemoryInputFiles() });
    const takeJobs = new TakeJobs(ports.store, work, {
      leaseMs: world.scenario.leaseMs,
      jobsMax: ENQUEUE_JOBS_MAX,
      logger: ports.logger,
      isTransient: (error) =>
        error instanceof EventStoreUnavailable ||
        error instanceof VersionConflict ||
        error instanceof BatchQueueUnavailable ||
        error instanceof BlobStoreUnavailable,
    });
    return takeJobs.run(stopping);
  };

/** Workers that run, of all schedulers. */
export class Workers {
  readonly running = new Set<SimulatedWorkerProcess>();
  private count = 0;

  constructor(
    private readonly world: World,
    private readonly checks: Checks,
  ) {}

  open(supervisor: SimProcess): SimulatedWorkerProcess {
    const { world, checks } = this;
    const name = `worker#${++this.count}`;
    const worker = new SimulatedWorkerProcess(world, supervisor, name, (process) => ({
      ports: world.portsOf(process, checks),
      planOf: ({ jobId }) => checks.planOf(jobId).handler,
      observerOf: ({ jobId }) => checks.handlerObserver(jobId, supervisor),
    }));
    this.running.add(worker);
    worker.process.onDeath(() => this.running.delete(worker));
    return worker;
  }
}

export const schedulerProgram =
  (world: World, checks: Checks, workers: Workers): Program =>
  (process, stopping) => {
    const { leaderTtlMs, graceMs } = world.scenario;
    const ports = world.portsOf(process, checks);
    const compute = new SimulatedCompute({
      world,
      process,
      openWorker: (supervisor) => workers.open(supervisor),
      onJobLost: (jobId: JobId) => checks.workersLost(jobId),
    });
    const lease = new WiredLeaderLease(world.bucket, process, world.wire, {
      ttlMs: leaderTtlMs,
      logger: ports.logger,
    });
    const intervals = { queueLookMs: QUEUE_LOOK_MS, queueSweepMs: SWEEP_MS };
    return new Leader({
      ...ports,
      lease,
      compute,
      graceMs,
      ...intervals,
      webhooks: NO_WEBHOOKS,
    }).run(stopping);
  };

/** The follower of the status projector that runs, if one does. */
export interface Projection {
  current: { readonly process: SimProcess; readonly follower: ViewFollower } | null;
}

export const projectorProgram =
  (world: World, checks: Checks, projection: Projection): Program =>
  async (process, stopping) => {
    const { store, blobs, documents, logger, clock } = world.portsOf(process, checks);
    const snapshots = new ViewSnapshots(blobs, logger);
    const follower = await ViewFollower.open({
      store,
      snapshots,
      documents,
      logger,
      isWriter: true,
    });
    const following = follower.run(stopping);
    projection.current = { process, follower };
    process.onDeath(() => (projection.current = null));
    const saving = keepSnapshots(
      follower,
      snapshots,
      { intervalMs: SNAPSHOT_INTERVAL_MS, logger },
      stopping,
    );
    const announcing = announceStalled(
      follower,
      { store, clock, logger, stalledAfterMs: STALLED_AFTER_MS },
      stopping,
    );
    await Promise.all([following, saving, announcing]);
  };
