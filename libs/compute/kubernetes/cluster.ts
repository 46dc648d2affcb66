import {
  BatchV1Api,
  type CoreV1Event,
  CoreV1Api,
  type KubeConfig,
  type V1ConfigMap,
  type V1Job,
  type V1Pod,
  Watch,
} from '@kubernetes/client-node';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { asked, ClusterRefused, statusOf } from './cluster-requests.ts';
import { installationSelector, jobSelector, resourceName } from './labels.ts';
import type { Listed, ListWatchSource, WatchEnd, WatchEvent } from './list-watch.ts';

/** Everything that is asked of the cluster: what the scheduler's Role has to allow, and no more. */
export const CLUSTER_RULES: readonly {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}[] = [
  {
    apiGroups: ['batch'],
    resources: ['jobs'],
    verbs: ['create', 'delete', 'get', 'list', 'watch'],
  },
  { apiGroups: [''], resources: ['pods'], verbs: ['delete', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'delete'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] },
];

/** Events by which the Job controller tells that it may not make a pod, for want of quota say. */
const REFUSAL_SELECTOR = 'reason=FailedCreate,involvedObject.kind=Job';
const NOT_FOUND = 404;
const CONFLICT = 409;
const GONE = 410;
/** The server ends a watch after this; another follows. */
const WATCH_SECONDS = 240;
/**
 * A watch that is quiet for longer may be dead; asking again costs one request. The client itself
 * ends a quiet watch after 30 s, before the bookmark that the server sends about every minute.
 */
const WATCH_SILENCE_MS_MAX = 25_000;

export interface ClusterOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly installation: string;
  readonly watchSilenceMs?: number;
}

/** What one installation has in its namespace. */
export class Cluster {
  private readonly batch: BatchV1Api;
  private readonly core: CoreV1Api;
  private readonly selector: string;

  constructor(private readonly options: ClusterOptions) {
    this.batch = options.config.makeApiClient(BatchV1Api);
    this.core = options.config.makeApiClient(CoreV1Api);
    this.selector = installationSelector(options.installation);
  }

  /** @returns the Job; one that was there before when there was one */
  async createJob(job: V1Job, jobId: JobId): Promise<V1Job> {
    const { namespace } = this.options;
    try {
      return await asked('create a Job', () =>
        this.batch.createNamespacedJob({ namespace, body: job }),
      );
    } catch (error) {
      const found = statusOf(error) === CONFLICT ? await this.job(jobId) : null;
      if (found === null) throw error;
      return found;
    }
  }

  async job(jobId: JobId): Promise<V1Job | null> {
    const name = resourceName(jobId);
    return orNull(
      asked('read a Job', () =>
        this.batch.readNamespacedJob({ namespace: this.options.namespace, name }),
      ),
    );
  }

  async jobs(): Promise<Listed<V1Job>> {
    const list = await asked('list Jobs', () =>
      this.batch.listNamespacedJob({
        namespace: this.options.namespace,
        labelSelector: this.selector,
      }),
    );
    return { items: list.items, resourceVersion: list.metadata?.resourceVersion ?? '' };
  }

  /** Deletes the Job and, before it, its pods. One that is not there is deleted already. */
  async deleteJob(jobId: JobId): Promise<void> {
    const name = resourceName(jobId);
    const { namespace } = this.options;
    await orNull(
      asked('delete a Job', () =>
        this.batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Foreground' }),
      ),
    );
  }

  /** A ConfigMap that is there already is as good as one that was made. */
  async createConfigMap(configMap: V1ConfigMap): Promise<void> {
    const { namespace } = this.options;
    await asked('create a ConfigMap', () =>
      this.core.createNamespacedConfigMap({ namespace, body: configMap }),
    ).catch((error: unknown) => {
      if (statusOf(error) !== CONFLICT) throw error;
    });
  }

  async deleteConfigMap(jobId: JobId): Promise<void> {
    const name = resourceName(jobId);
    const { namespace } = this.options;
    await orNull(
      asked('delete a ConfigMap', () => this.core.deleteNamespacedConfigMap({ namespace, name })),
    );
  }

  async pods(): Promise<Listed<V1Pod>> {
    return this.podsSelectedBy(this.selector);
  }

  async podsOf(jobId: JobId): Promise<readonly V1Pod[]> {
    return (await this.podsSelectedBy(jobSelector(jobId, this.options.installation))).items;
  }

  /** @param graceSeconds 0 forgets the pod without waiting for its node */
  async deletePod(name: string, graceSeconds: number): Promise<void> {
    const { namespace } = this.options;
    await orNull(
      asked('delete a Pod', () =>
        this.core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: graceSeconds }),
      ),
    );
  }

  /** The first bytes of what a container has written; `null` when it has no log (yet, or any more). */
  async log(
    pod: { readonly name: string; readonly container: string },
    { bytesMax, withTimes }: { readonly bytesMax: number; readonly withTimes: boolean },
  ): Promise<string | null> {
    const { namespace } = this.options;
    const request = { namespace, ...pod, limitBytes: bytesMax, timestamps: withTimes };
    try {
      return await asked('read a log', () => this.core.readNamespacedPodLog(request));
    } catch (error) {
      if (error instanceof ClusterRefused) return null;
      throw error;
    }
  }

  get podSource(): ListWatchSource<V1Pod> {
    return this.source('/api/v1', 'pods', { labelSelector: this.selector }, () => this.pods());
  }

  get jobSource(): ListWatchSource<V1Job> {
    const selection = { labelSelector: this.selector };
    return this.source('/apis/batch/v1', 'jobs', selection, () => this.jobs());
  }

  /** Of all Jobs of the namespace: events carry no labels. */
  get refusalSource(): ListWatchSource<CoreV1Event> {
    const selection = { fieldSelector: REFUSAL_SELECTOR };
    return this.source('/api/v1', 'events', selection, () => this.refusals());
  }

  private source<T>(
    group: string,
    resources: string,
    selection: Readonly<Record<string, string>>,
    list: () => Promise<Listed<T>>,
  ): ListWatchSource<T> {
    const path = `${group}/namespaces/${this.options.namespace}/${resources}`;
    return { list, watch: (...args) => this.watch({ path, selection }, ...args) };
  }

  private async refusals(): Promise<Listed<CoreV1Event>> {
    const { namespace } = this.options;
    const list = await asked('list Events', () =>
      this.core.listNamespacedEvent({ namespace, fieldSelector: REFUSAL_SELECTOR }),
    );
    return { items: list.items, resourceVersion: list.metadata?.resourceVersion ?? '' };
  }

  private async podsSelectedBy(labelSelector: string): Promise<Listed<V1Pod>> {
    const { namespace } = this.options;
    const list = await asked('list Pods', () =>
      this.core.listNamespacedPod({ namespace, labelSelector }),
    );
    return { items: list.items, resourceVersion: list.metadata?.resourceVersion ?? '' };
  }

  private async watch<T>(
    {
      path,
      selection,
    }: { readonly path: string; readonly selection: Readonly<Record<string, string>> },
    resourceVersion: string,
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    const query = {
      ...selection,
      resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: WATCH_SECONDS,
    };
    const silence = new Silence(this.options.watchSilenceMs ?? WATCH_SILENCE_MS_MAX);
    let isGone = false;
    // The client drops what its listener throws, and the event would be missed for good.
    const missed = new AbortController();
    const end = new Promise<WatchEnd>((resolve, reject) => {
      const hear = (type: string, object: T & { readonly code?: number }): void => {
        silence.broken();
        if (type === 'ERROR') isGone = object.code === GONE;
        else if (isWatchType(type)) {
          try {
            onEvent({ type, object });
          } catch (error) {
            missed.abort(error);
          }
        }
      };
      const done = (error: unknown): void => {
        if (missed.signal.aborted)
          reject(new Error('an event was not understood', { cause: missed.signal.reason }));
        else if (isGone || statusOf(error) === GONE) resolve('gone');
        else if (silence.signal.aborted) resolve('silent');
        else if (error === null || error === undefined || signal.aborted) resolve('closed');
        else
          reject(error instanceof Error ? error : new Error('the watch broke', { cause: error }));
      };
      const either = AbortSignal.any([signal, silence.signal, missed.signal]);
      const abortIn = (request: AbortController): void => {
        if (either.aborted) request.abort();
        either.addEventListener('abort', () => request.abort(), { once: true });
      };
      void new Watch(this.options.config).watch(path, query, hear, done).then(abortIn, done);
    });
    return end.finally(() => silence.end());
  }
}

/** Aborts when nothing was heard for too long. */
class Silence {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout;

  constructor(private readonly silenceMsMax: number) {
    this.timer = this.newTimer();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  broken(): void {
    clearTimeout(this.timer);
    this.timer = this.newTimer();
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private newTimer(): NodeJS.Timeout {
    return setTimeout(() => this.controller.abort(), this.silenceMsMax);
  }
}

const isWatchType = (type: string): type is WatchEvent<unknown>['type'] =>
  ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'].includes(type);

/** What is not there is `null`. */
const orNull = <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error: unknown) => {
    if (statusOf(error) === NOT_FOUND) return null;
    throw error;
  });
