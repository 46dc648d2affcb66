import type { V1Pod } from '@kubernetes/client-node';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { FromWorker, ToWorker } from '../worker-protocol.ts';
import type { WorkerLine } from '#libs/messaging/worker-line.ts';
import { pause } from '#libs/platform/pause.ts';
import { ClusterUnavailable } from './cluster-requests.ts';
import type { Cluster } from './cluster.ts';
import { podNameOf } from './pod-facts.ts';
import { hasRunningContainers, isBeingDeleted, mayWork } from './pod-state.ts';

/** How long a worker may take to say that it has halted before its pod is deleted. */
const HALT_MS_MAX = 5000;
/** How long a worker may take to leave beyond the grace it gives its handler. */
const LEAVE_MS_MAX = 10_000;
/** How long nobody may listen where a worker should: its connection to NATS may just be made again. */
const NOBODY_MS_MAX = 2000;
/** What a handler has after SIGTERM. */
export const END_GRACE_SECONDS = 2;
/** A node that does not confirm the end of a pod for this long is taken for dead. */
const CONFIRM_MS_MAX = 60_000;
const GONE_MS_MAX = 120_000;
const LOOK_MS_MIN = 100;
const LOOK_MS_MAX = 1000;

/** What is done to the pods of one job. All of it asks the API server, not what was seen last. */
export class JobPods {
  constructor(
    private readonly jobId: JobId,
    private readonly cluster: Cluster,
    private readonly line: WorkerLine,
  ) {}

  all(): Promise<readonly V1Pod[]> {
    return this.cluster.podsOf(this.jobId);
  }

  /** Resolves when the worker of a pod starts no call any more: it said so, or its pod is gone. */
  async halt(podName: string): Promise<void> {
    const signal = AbortSignal.timeout(HALT_MS_MAX);
    const answer = await this.tell(podName, { type: 'halt' }, signal);
    if (answer === null) await this.end(podName);
  }

  /** Has every worker leave, and resolves when they have, or have had the time to. */
  async leave(graceMs: number): Promise<void> {
    const pods = (await this.all()).filter((pod) => !isBeingDeleted(pod) && mayWork(pod));
    const signal = AbortSignal.timeout(graceMs + LEAVE_MS_MAX);
    const stop = { type: 'stop', graceMs } as const;
    await Promise.all(pods.map((pod) => this.tell(podNameOf(pod), stop, signal)));
  }

  /** Deletes whatever the job has in the cluster and resolves when it is gone. */
  async deleteAll(): Promise<void> {
    const { cluster, jobId } = this;
    await cluster.deleteJob(jobId);
    await cluster.deleteConfigMap(jobId);
    const deadline = performance.now() + GONE_MS_MAX;
    for (let lookMs = LOOK_MS_MIN; ; lookMs = Math.min(lookMs * 2, LOOK_MS_MAX)) {
      const pods = await this.all();
      const job = await cluster.job(jobId);
      if (pods.length === 0 && job === null) return;
      if (performance.now() > deadline) {
        throw new ClusterUnavailable(`the Job of ${jobId} was deleted and is not gone`);
      }
      const isLate = performance.now() > deadline - GONE_MS_MAX + CONFIRM_MS_MAX;
      await Promise.all(pods.map((pod) => this.hasten(pod, isLate)));
      await pause(lookMs);
    }
  }

  /** Order and answer; `null` when there is none. */
  private tell(podName: string, order: ToWorker, signal: AbortSignal): Promise<FromWorker | null> {
    const { jobId } = this;
    return this.line.ask({ jobId, podName }, { order, nobodyMsMax: NOBODY_MS_MAX, signal });
  }

  /** Kubernetes would give the containers the pod's whole grace; they have had theirs. */
  private async hasten(pod: V1Pod, isLate: boolean): Promise<void> {
    if (isLate) return this.cluster.deletePod(podNameOf(pod), 0);
    const graceSeconds = pod.metadata?.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY;
    if (graceSeconds > END_GRACE_SECONDS && pod.status?.phase !== 'Failed') {
      await this.cluster.deletePod(podNameOf(pod), END_GRACE_SECONDS);
    }
  }

  private async end(podName: string): Promise<void> {
    await this.cluster.deletePod(podName, 1);
    const deadline = performance.now() + CONFIRM_MS_MAX;
    for (;;) {
      const pod = (await this.all()).find((each) => podNameOf(each) === podName);
      if (pod === undefined || !mayWork(pod)) return;
      if (!hasRunningContainers(pod) && !isBeingDeleted(pod)) return;
      if (performance.now() > deadline) return this.cluster.deletePod(podName, 0);
      await pause(LOOK_MS_MIN);
    }
  }
}
