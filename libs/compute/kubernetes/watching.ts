import type { CoreV1Event, V1Job, V1Pod } from '@kubernetes/client-node';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { WorkerLine } from '#libs/messaging/worker-line.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { Cluster } from './cluster.ts';
import type { KubernetesJob } from './kubernetes-job.ts';
import {
  ListWatch,
  type ListWatchOptions,
  type ListWatchSource,
  type Resource,
} from './list-watch.ts';
import { indexOf, ownerOf, podsBefore } from './pod-facts.ts';
import { refusalOf } from './pod-refusal.ts';

export interface WatchingOptions {
  readonly cluster: Cluster;
  readonly line: WorkerLine;
  readonly logger: Logger;
  readonly resyncMs: number;
}

/** Eyes and ears of whoever leads: pods and Jobs of the cluster, pods it refuses, and what workers say. */
export class Watching {
  private readonly closing = new AbortController();
  private readonly pods: ListWatch<V1Pod>;
  private readonly jobs: ListWatch<V1Job>;
  private readonly refusals: ListWatch<CoreV1Event>;
  private readonly runs: readonly Promise<void>[];
  private readonly hangUp: () => void;

  constructor(
    private readonly options: WatchingOptions,
    private readonly find: (jobId: JobId) => KubernetesJob | null,
  ) {
    const { cluster, line } = options;
    this.pods = this.listWatch(cluster.podSource, {
      onChange: (pod, isGone) => this.ownerOf(pod)?.seePod(pod, isGone),
      onListed: () => this.showRefusals(),
    });
    this.jobs = this.listWatch(cluster.jobSource, {
      onChange: (job, isGone) => this.ownerOf(job)?.seeJob(job, isGone),
    });
    this.refusals = this.listWatch(cluster.refusalSource, {
      missed:
        'workers whose pods are refused do not say so; the Role has to allow list and watch of events',
      onChange: () => this.showRefusals(),
      onListed: () => this.showRefusals(),
    });
    const { signal } = this.closing;
    this.runs = [this.pods.run(signal), this.jobs.run(signal), this.refusals.run(signal)];
    this.hangUp = line.listen({
      onHello: ({ jobId, podName }) => this.find(jobId)?.greet(podName) ?? 'wait',
      onNews: ({ jobId, podName }, { type }) => {
        if (type === 'running') this.find(jobId)?.hearRunning(podName);
      },
    });
  }

  /**
   * Shows a job what there is of it: the last pod of each of its workers, since what became of others was
   * reported before, and what is said of pods that there are not.
   */
  show(jobId: JobId, job: KubernetesJob): void {
    const own = this.pods.items.filter((pod) => ownerOf(pod)?.jobId === jobId);
    own.sort((one, other) => podsBefore(one) - podsBefore(other));
    const last = new Map(own.map((pod) => [indexOf(pod), pod]));
    for (const pod of last.values()) job.seePod(pod, false);
    this.showRefusals();
  }

  async close(): Promise<void> {
    this.hangUp();
    this.closing.abort();
    await Promise.all(this.runs);
  }

  /** Newest first, which is the one that counts: so all have to be known, and which pods there are all the same. */
  private showRefusals(): void {
    if (!this.pods.hasListed || !this.refusals.hasListed) return;
    const refusals = this.refusals.items.flatMap((event) => refusalOf(event) ?? []);
    for (const refusal of refusals.toSorted((one, other) => other.atMs - one.atMs))
      this.find(refusal.jobId)?.seeRefusal(refusal);
  }

  private ownerOf(resource: V1Pod | V1Job): KubernetesJob | null {
    const owner = ownerOf(resource);
    return owner === null ? null : this.find(owner.jobId);
  }

  private listWatch<T extends Resource>(
    source: ListWatchSource<T>,
    news: Pick<ListWatchOptions<T>, 'onChange' | 'onListed' | 'missed'>,
  ): ListWatch<T> {
    const { resyncMs, logger } = this.options;
    return new ListWatch({ source, resyncMs, logger, ...news });
  }
}
