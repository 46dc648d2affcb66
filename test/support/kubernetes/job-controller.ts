import type { KubeConfig } from '@kubernetes/client-node';
import { coalescedLoop } from './coalesced-loop.ts';
import type { ApiObject } from './api-objects.ts';
import { type FailurePolicyRule, failureAction } from './failure-policy.ts';
import { newIndexedPod } from './indexed-pod.ts';
import { Rest } from './rest.ts';

const TRACKING = 'batch.kubernetes.io/job-tracking';
const INDEX = 'batch.kubernetes.io/job-completion-index';
/** The real one waits ever longer. */
const REFUSED_AGAIN_MS = 200;

interface Tally {
  readonly completed: Set<number>;
  readonly failed: Set<number>;
  readonly failures: Map<number, number>;
  readonly ignored: Map<number, number>;
  readonly counted: Set<string>;
  readonly notBefore: Map<number, number>;
}

interface JobSpec {
  readonly completions: number;
  readonly suspend?: boolean;
  readonly backoffLimitPerIndex: number;
  readonly podFailurePolicy?: { readonly rules: readonly FailurePolicyRule[] };
}

/**
 * Stands for the Job controller of Kubernetes, as far as indexed Jobs with a limit per index go. The
 * real one waits 10 s before the first replacement and twice as long before each further one.
 */
export class JobController {
  private readonly rest: Rest;
  private readonly tallies = new Map<string, Tally>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  constructor(
    config: KubeConfig,
    namespace: string,
    private readonly backOffMs = 100,
  ) {
    this.rest = new Rest(config, namespace);
    const { signal } = this.stopping;
    const loop = coalescedLoop(() => this.reconcileAll(), signal);
    const watches = ['jobs', 'pods'].map((kind) => this.rest.watch(kind, loop.poke, signal));
    this.running = Promise.all([loop.ended, ...watches]);
    this.poke = loop.poke;
  }

  private readonly poke: () => void;

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async reconcileAll(): Promise<void> {
    const pods = await this.rest.list('pods');
    for (const job of await this.rest.list('jobs')) {
      const own = pods.filter((pod) =>
        pod.metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid),
      );
      await this.reconcile(job, own);
    }
    const orphans = pods.filter(
      (pod) => pod.metadata.labels?.['batch.kubernetes.io/job-name'] === undefined,
    );
    await Promise.all(orphans.map((pod) => this.release(pod)));
  }

  private async reconcile(job: ApiObject, pods: readonly ApiObject[]): Promise<void> {
    const spec = specOf(job);
    const tally = this.tallyOf(job.metadata.uid);
    if (job.metadata.deletionTimestamp !== undefined) {
      for (const pod of pods) await this.release(pod);
      return;
    }
    for (const pod of pods) await this.count(pod, spec, tally);
    if (spec.suspend === true) {
      for (const pod of pods) await this.rest.send('DELETE', `pods/${pod.metadata.name}`);
    } else {
      for (let index = 0; index < spec.completions; index += 1) {
        await this.ensurePod(job, pods, { index, tally });
      }
    }
    await this.writeStatus(job, pods, tally);
  }

  private async count(pod: ApiObject, spec: JobSpec, tally: Tally): Promise<void> {
    const phase = pod.status?.['phase'];
    if (phase !== 'Failed' && phase !== 'Succeeded') return;
    const index = Number(pod.metadata.annotations?.[INDEX]);
    if (!tally.counted.has(pod.metadata.uid)) {
      tally.counted.add(pod.metadata.uid);
      if (phase === 'Succeeded') tally.completed.add(index);
      else this.countFailure(pod, spec, { index, tally });
    }
    await this.release(pod);
  }

  private countFailure(
    pod: ApiObject,
    { backoffLimitPerIndex, podFailurePolicy }: JobSpec,
    { index, tally }: { readonly index: number; readonly tally: Tally },
  ): void {
    const action = failureAction(pod, podFailurePolicy?.rules ?? []);
    if (action === 'Ignore') {
      tally.ignored.set(index, (tally.ignored.get(index) ?? 0) + 1);
      return;
    }
    const failures = (tally.failures.get(index) ?? 0) + 1;
    tally.failures.set(index, failures);
    tally.notBefore.set(index, Date.now() + this.backOffMs * 2 ** (failures - 1));
    if (action === 'FailIndex' || failures > backoffLimitPerIndex) tally.failed.add(index);
  }

  private async ensurePod(
    job: ApiObject,
    pods: readonly ApiObject[],
    { index, tally }: { readonly index: number; readonly tally: Tally },
  ): Promise<void> {
    if (tally.completed.has(index) || tally.failed.has(index)) return;
    const isThere = pods.some(
      ({ metadata: { annotations, uid } }) =>
        Number(annotations?.[INDEX]) === index && !tally.counted.has(uid),
    );
    if (isThere) return;
    const waitMs = (tally.notBefore.get(index) ?? 0) - Date.now();
    if (waitMs > 0) return void setTimeout(this.poke, waitMs);
    const failures = tally.failures.get(index) ?? 0;
    const ignored = tally.ignored.get(index) ?? 0;
    const pod = newIndexedPod(job, { index, failures, ignored });
    const { status, body } = await this.rest.send('POST', 'pods', pod);
    if (status < 400) return;
    await this.tellRefusal(job, String(body['message']));
    setTimeout(this.poke, REFUSED_AGAIN_MS);
  }

  private async tellRefusal(
    { metadata: { name, uid } }: ApiObject,
    problem: string,
  ): Promise<void> {
    await this.rest.send('POST', 'events', {
      metadata: { generateName: `${name}.` },
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: ${problem}`,
      lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
      involvedObject: { apiVersion: 'batch/v1', kind: 'Job', name, uid },
    });
  }

  private async writeStatus(
    job: ApiObject,
    pods: readonly ApiObject[],
    { completed, failed }: Tally,
  ): Promise<void> {
    const { completions, suspend } = specOf(job);
    const isOver = completed.size + failed.size >= completions;
    const end = failed.size > 0 ? ['Failed', 'FailedIndexes'] : ['Complete', 'CompletionsReached'];
    const conditions = [
      ...(isOver
        ? [{ type: end[0], status: 'True', reason: end[1], message: 'see its pods' }]
        : []),
      ...(suspend === true ? [{ type: 'Suspended', status: 'True', reason: 'JobSuspended' }] : []),
    ];
    const status = {
      active: pods.filter(({ status: s }) => !/^(Failed|Succeeded)$/.test(String(s?.['phase'])))
        .length,
      succeeded: completed.size,
      failedIndexes: [...failed].sort((one, other) => one - other).join(','),
      conditions,
    };
    const isNews = Object.entries(status).some(
      ([name, value]) => JSON.stringify(job.status?.[name]) !== JSON.stringify(value),
    );
    if (isNews) await this.rest.send('PATCH', `jobs/${job.metadata.name}/status`, { status });
  }

  private async release({ metadata: { name, finalizers = [] } }: ApiObject): Promise<void> {
    if (!finalizers.includes(TRACKING)) return;
    const others = finalizers.filter((finalizer) => finalizer !== TRACKING);
    await this.rest.send('PATCH', `pods/${name}`, { metadata: { finalizers: others } });
  }

  private tallyOf(uid: string): Tally {
    const tally = this.tallies.get(uid) ?? {
      completed: new Set(),
      failed: new Set(),
      failures: new Map(),
      ignored: new Map(),
      counted: new Set(),
      notBefore: new Map(),
    };
    this.tallies.set(uid, tally);
    return tally;
  }
}

/** Members that are read of it are those that Kubernetes fills in, or that the test's Jobs have. */
const specOf = (job: ApiObject): JobSpec => {
  const spec: unknown = job.spec;
  return spec as JobSpec;
};
