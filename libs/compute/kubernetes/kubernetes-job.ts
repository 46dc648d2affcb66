import type { V1Job, V1Pod } from '@kubernetes/client-node';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { type ApiName, type JobId, type WorkerId, workerId } from '#libs/domain/kernel/ids.ts';
import type { WorkerLine } from '#libs/messaging/worker-line.ts';
import type { Greeting } from '#libs/messaging/worker-subjects.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { type HookResponse, NoLiveWorker, type WorkerReport } from '../compute.port.ts';
import type { Cluster } from './cluster.ts';
import { END_GRACE_SECONDS, JobPods } from './job-pods.ts';
import { Patience } from './patience.ts';
import { failureCountOf, indexOf, isIndexIn, podNameOf, podsBefore } from './pod-facts.ts';
import type { PodFailure } from './pod-failure.ts';
import { isMended, type PodRefusal } from './pod-refusal.ts';
import {
  hasRunningContainers,
  isBeingDeleted,
  mayWork,
  podState,
  type PodState,
} from './pod-state.ts';
import { WorkerSeat } from './worker-seat.ts';
import type { WorkerLogs } from './worker-logs.ts';

/** What jobs are run with. */
export interface JobHost {
  readonly cluster: Cluster;
  readonly line: WorkerLine;
  readonly logs: WorkerLogs;
  readonly logger: Logger;
  report(change: Omit<WorkerReport, 'at'>): void;
}

export interface KubernetesJobOptions {
  readonly apiName: ApiName;
  readonly jobId: JobId;
  readonly workers: number;
  readonly firstRestart: number;
}

const NOBODY_MS_MAX = 10_000;
const RETRY_MS = 5000;
/** The news of a pod may be behind those of its Job. */
const GIVE_UP_MS = 3000;

const SUSPENDED: Reason = {
  kind: 'worker.suspended',
  message: 'the Job is suspended: whoever admits Jobs, such as Kueue, has not admitted it yet',
};

const TAKEN_BY_SUSPENSION: PodFailure = {
  state: 'failed',
  verdict: 'disrupted',
  reason: { kind: 'worker.disrupted', message: 'the Job was suspended, which deletes its pods' },
};

/** The workers of one job, seen through their pods. */
export class KubernetesJob {
  private readonly seats: readonly WorkerSeat[];
  private readonly pods: JobPods;
  /** Pods as they were seen last, by name. */
  private readonly seen = new Map<string, V1Pod>();
  /** Pods whose worker has said that it takes batches. */
  private readonly heard = new Set<string>();
  /** Pods that were asked to call the completion hook and have not answered. */
  private readonly silent = new Set<string>();
  /** Aborts when a pod has ended. */
  private readonly ends = new Map<string, AbortController>();
  private readonly patience = new Patience((podName) => this.lookAgain(podName));
  /** Pods that are being cleared away. */
  private readonly clearing = new Set<string>();
  private isHalted = false;
  private jobUid: string | undefined;
  /** Somebody, such as Kueue, takes the pods away and gives them back later. */
  private isSuspended = false;
  private stopping: Promise<void> | null = null;
  private readonly closing = new AbortController();

  constructor(
    private readonly host: JobHost,
    private readonly options: KubernetesJobOptions,
  ) {
    const { apiName, jobId, workers, firstRestart } = options;
    this.pods = new JobPods(jobId, host.cluster, host.line);
    this.seats = Array.from({ length: workers }, (_, index) => {
      const id = workerId(index);
      return new WorkerSeat({
        workerId: id,
        firstRestart,
        onChange: (change) => host.report({ apiName, jobId, workerId: id, ...change }),
      });
    });
  }

  /** A worker is up. */
  greet(podName: string): Greeting {
    const pod = this.seen.get(podName);
    const isLost = pod !== undefined && this.seats[indexOf(pod)]?.isLost === true;
    return this.isHalted || isLost ? 'halt' : 'start';
  }

  /** A worker takes batches. */
  hearRunning(podName: string): void {
    this.heard.add(podName);
    this.lookAgain(podName);
  }

  sayPending(): void {
    for (const seat of this.seats) seat.sayPending();
  }

  /** Every worker has failed, for a reason that no pod can mend. */
  failAll(reason: Reason): void {
    const failure = { state: 'failed', verdict: 'final', reason } as const;
    for (const seat of this.seats) seat.fail(failure, 0);
  }

  seePod(pod: V1Pod, isGone: boolean): void {
    const name = podNameOf(pod);
    if (isGone) this.seen.delete(name);
    else this.seen.set(name, pod);
    const state = this.stateOf(pod, isGone);
    if (state.state === 'failed' || state.state === 'succeeded') this.endOf(name).abort();
    if (this.stopping !== null) return;
    const seat = this.seats[indexOf(pod)];
    if (seat === undefined) return;
    const restart = this.options.firstRestart + podsBefore(pod);
    seat.see({ restart, failureCount: failureCountOf(pod), state });
    if (state.state === 'failed' || seat.isLost) this.clearAway(pod, isGone);
  }

  /** What Kubernetes says about the whole: that it waits, or that it has given up. */
  seeJob(job: V1Job, isGone: boolean): void {
    if (this.stopping !== null) return;
    this.jobUid = job.metadata?.uid;
    if (isGone) {
      const message = 'the Kubernetes Job was deleted; whoever did it was not this platform';
      return this.failAll({ kind: 'worker.job_deleted', message });
    }
    const { conditions = [], failedIndexes = '' } = job.status ?? {};
    this.isSuspended = job.spec?.suspend === true;
    const given = conditions.find(({ type, status }) => type === 'Failed' && status === 'True');
    for (const [index, seat] of this.seats.entries()) {
      if (this.isSuspended) seat.sayWhyPending(SUSPENDED);
      if (given !== undefined || isIndexIn(failedIndexes, index)) {
        void this.giveUp(seat, given?.message ?? 'the index has failed');
      }
    }
  }

  /** Workers that have no pod wait because the cluster refuses it. */
  seeRefusal(refusal: PodRefusal): void {
    const isOfOther = refusal.jobUid !== undefined && refusal.jobUid !== this.jobUid;
    if (isOfOther || this.isSuspended || this.stopping !== null) return;
    const pods = [...this.seen.values()].filter(hasRunningContainers);
    if (isMended(refusal, pods)) return;
    const message = `the cluster refuses the pod: ${refusal.problem}`;
    const withPod = new Set(pods.map(indexOf));
    for (const [index, seat] of this.seats.entries()) {
      if (!withPod.has(index)) seat.sayWhyPending({ kind: 'worker.pod_refused', message });
    }
  }

  /** Whoever else has led, or believes to lead, may have told a worker to start: each one is asked. */
  async halt(): Promise<void> {
    this.isHalted = true;
    for (const seat of this.seats) seat.halt();
    const pods = (await this.pods.all()).filter(mayWork);
    await Promise.all(pods.map((pod) => this.pods.halt(podNameOf(pod))));
  }

  stop(graceMs: number): Promise<void> {
    this.isHalted = true;
    this.stopping ??= this.end(graceMs).catch((error: unknown) => {
      this.stopping = null; // What is left is there when it is stopped again.
      throw error;
    });
    return this.stopping;
  }

  async callCompletionHook(body: string, signal: AbortSignal): Promise<HookResponse> {
    const { jobId } = this.options;
    const podName = this.runningPod();
    if (podName === null) throw new NoLiveWorker(`job ${jobId} has no running worker`);
    this.silent.add(podName);
    const answer = await this.host.line.ask(
      { jobId, podName },
      {
        order: { type: 'call-completion-hook', body },
        nobodyMsMax: NOBODY_MS_MAX,
        signal: AbortSignal.any([signal, this.endOf(podName).signal]),
      },
    );
    if (answer?.type === 'completion-hook-answered') {
      this.silent.delete(podName);
      return answer.response;
    }
    if (signal.aborted) throw new Error('gave up waiting', { cause: signal.reason });
    throw new NoLiveWorker('the worker died before the handler answered');
  }

  /** Lets go of the job, whose pods go on. */
  close(): void {
    this.closing.abort();
    this.patience.close();
  }

  private async end(graceMs: number): Promise<void> {
    const { jobId } = this.options;
    this.patience.close();
    await this.pods.leave(graceMs);
    const ids = this.seats.map(({ workerId: id }) => id);
    await this.host.logs
      .keepAll(jobId, ids, (...of) => this.sayLogLost(...of))
      .catch((error: unknown) => this.host.logger.warn({ err: error, jobId }, 'logs are not kept'));
    await this.pods.deleteAll();
    for (const seat of this.seats) seat.leave();
    this.close();
    this.host.logger.debug({ jobId }, 'workers left');
  }

  private stateOf(pod: V1Pod, isGone: boolean): PodState {
    const name = podNameOf(pod);
    const state = podState(pod, this.heard.has(name));
    const isTaken = isGone || isBeingDeleted(pod);
    if (this.isSuspended && isTaken && state.state !== 'succeeded') return TAKEN_BY_SUSPENSION;
    if (state.state === 'failed' || state.state === 'succeeded') return state;
    if (isGone) {
      const message = 'the pod is gone; nobody saw how it ended';
      return { state: 'failed', verdict: 'failed', reason: { kind: 'worker.pod_gone', message } };
    }
    return this.patience.judge(name, state);
  }

  /** What is left of a pod that counts as failed; one of a worker that is lost is not wanted at all. */
  private clearAway(pod: V1Pod, isGone: boolean): void {
    const name = podNameOf(pod);
    this.heard.delete(name);
    if (isGone) this.clearing.delete(name);
    if (isGone || !hasRunningContainers(pod) || this.clearing.has(name)) return;
    this.clearing.add(name);
    const seat = this.seats[indexOf(pod)];
    void this.untilDone('a pod is not deleted yet', async () => {
      if (seat !== undefined) await this.keepLog(seat);
      await this.host.cluster.deletePod(name, END_GRACE_SECONDS);
    });
  }

  /** Its pods say why, if their news arrive: this is for those whose end nobody saw. */
  private async giveUp(seat: WorkerSeat, problem: string): Promise<void> {
    await pause(GIVE_UP_MS, this.closing.signal);
    if (this.stopping !== null || this.closing.signal.aborted) return;
    seat.giveUp({
      kind: 'worker.given_up',
      message: `Kubernetes starts no pod for the worker any more: ${problem}`,
    });
  }

  private lookAgain(podName: string): void {
    const pod = this.seen.get(podName);
    if (pod !== undefined) this.seePod(pod, false);
  }

  /** One that has not answered before only when there is no other. */
  private runningPod(): string | null {
    const isRunning = (pod: V1Pod): boolean => this.stateOf(pod, false).state === 'running';
    const names = [...this.seen].filter(([, pod]) => isRunning(pod)).map(([name]) => name);
    return names.find((name) => !this.silent.has(name)) ?? names[0] ?? null;
  }

  private endOf(podName: string): AbortController {
    const end = this.ends.get(podName) ?? new AbortController();
    this.ends.set(podName, end);
    return end;
  }

  /** A log is worth something, and no job's end. */
  private async keepLog({ workerId: id }: WorkerSeat): Promise<void> {
    const { jobId } = this.options;
    await this.host.logs
      .keep({ jobId, workerId: id })
      .catch((error: unknown) => this.sayLogLost(id, error));
  }

  private sayLogLost(id: WorkerId, error: unknown): void {
    const { jobId } = this.options;
    this.host.logger.warn({ err: error, jobId, workerId: id }, 'log of a worker is not kept');
  }

  private async untilDone(problem: string, work: () => Promise<void>): Promise<void> {
    while (!this.closing.signal.aborted) {
      try {
        return await work();
      } catch (error) {
        this.host.logger.warn({ err: error, jobId: this.options.jobId }, problem);
        await pause(RETRY_MS, this.closing.signal);
      }
    }
  }
}
