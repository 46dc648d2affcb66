import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { ApiObject } from './api-objects.ts';
import type { LogRequest } from './api-server.ts';
import { coalescedLoop } from './coalesced-loop.ts';
import { type Image, type NodePodOptions, NodePod } from './node-pod.ts';
import { Rest } from './rest.ts';

export interface KubeletOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** How many pods the node takes; others are unschedulable. */
  readonly podsMax: number;
  /** What containers can run; pulling any other image fails. */
  readonly images: Readonly<Record<string, Image>>;
  readonly nodeName?: string;
}

const NODE = 'test-node';
const PROBE_MS = 50;

/**
 * Stands for the scheduler and the one node of a cluster: runs the containers of pods as processes of
 * this machine, with volumes as folders. It knows the cluster by its API server alone.
 */
export class Kubelet {
  private readonly rest: Rest;
  private readonly pods = new Map<string, NodePod>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;
  private readonly probing: NodeJS.Timeout;

  private constructor(
    private readonly options: KubeletOptions,
    readonly folder: string,
  ) {
    this.rest = new Rest(options.config, options.namespace);
    const { signal } = this.stopping;
    const loop = coalescedLoop(() => this.sync(), signal);
    this.running = Promise.all([loop.ended, this.rest.watch('pods', loop.poke, signal)]);
    this.probing = setInterval(() => {
      for (const pod of this.pods.values()) pod.probe();
    }, PROBE_MS);
  }

  static async start(options: KubeletOptions): Promise<Kubelet> {
    return new Kubelet(options, await mkdtemp(join(tmpdir(), 'cortex-kubelet-')));
  }

  /** Kills a container of a pod as the kernel would. */
  kill(podName: string, container: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    this.podNamed(podName).process(container).signal(signal);
  }

  log({ pod, container, bytesMax, withTimes }: LogRequest): string | null {
    const found = this.pods.get(pod.metadata.uid);
    return found === undefined ? null : found.log(container, { bytesMax, withTimes });
  }

  async stop(): Promise<void> {
    clearInterval(this.probing);
    this.stopping.abort();
    await this.running;
    for (const pod of this.pods.values()) pod.kill();
    await Promise.all([...this.pods.values()].map((pod) => pod.ended));
    await rm(this.folder, { recursive: true, force: true });
  }

  private async sync(): Promise<void> {
    const pods = await this.rest.list('pods');
    for (const pod of pods) await this.syncPod(pod, pods);
    const left = new Set(pods.map(({ metadata: { uid } }) => uid));
    for (const [uid, pod] of this.pods) {
      if (left.has(uid)) continue;
      pod.kill();
      await pod.ended;
      this.pods.delete(uid);
    }
  }

  private async syncPod(pod: ApiObject, all: readonly ApiObject[]): Promise<void> {
    const { name, uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    if (hasEnded(pod)) {
      if (deletionTimestamp !== undefined && deletionGracePeriodSeconds !== 0)
        await this.forget(name);
      return;
    }
    const known = this.pods.get(uid);
    if (deletionTimestamp !== undefined) {
      // An unscheduled one that a finalizer keeps is nobody's to run.
      if (known === undefined) await this.setStatus(name, { phase: 'Failed' });
      else known.end(deletionGracePeriodSeconds ?? 0);
      return;
    }
    if (known !== undefined) return;
    if (pod.spec?.['nodeName'] === undefined) return this.schedule(pod, all);
    this.pods.set(uid, new NodePod(this.podOptions(pod)));
  }

  private async schedule(pod: ApiObject, all: readonly ApiObject[]): Promise<void> {
    const used = all.filter((each) => each.spec?.['nodeName'] !== undefined && !hasEnded(each));
    const { name } = pod.metadata;
    const { nodeName = NODE } = this.options;
    if (used.length < this.options.podsMax) {
      const target = { apiVersion: 'v1', kind: 'Node', name: nodeName };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target };
      await this.rest.send('POST', `pods/${name}/binding`, binding);
      pod.spec = { ...pod.spec, nodeName }; // For the others of this round.
      return;
    }
    if (pod.status?.['conditions'] !== undefined) return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Too many pods.',
    };
    await this.setStatus(name, { phase: 'Pending', conditions: [condition] });
  }

  private podOptions(pod: ApiObject): NodePodOptions {
    return {
      pod,
      folder: join(this.folder, pod.metadata.name),
      images: this.options.images,
      configMap: async (name) => {
        const { status, body } = await this.rest.send('GET', `configmaps/${name}`);
        return status === 200 ? (body['data'] as Record<string, string>) : null;
      },
      onStatus: (status) => this.setStatus(pod.metadata.name, status),
    };
  }

  private async setStatus(name: string, status: object): Promise<void> {
    await this.rest.send('PATCH', `pods/${name}/status`, { status }).catch(() => {});
  }

  private async forget(name: string): Promise<void> {
    await this.rest.send('DELETE', `pods/${name}?gracePeriodSeconds=0`);
  }

  /** As `log`, by name; the names of pods are never the same twice. */
  logOf(podName: string, request: Omit<LogRequest, 'pod'>): string | null {
    const found = [...this.pods.values()].find(({ name }) => name === podName);
    return found?.log(request.container, request) ?? null;
  }

  /** Names of the pods of a job's worker that run. */
  podsOf(jobId: string, index: string): string[] {
    return [...this.pods.values()]
      .filter(({ labels, isRunning }) => {
        const isOfJob = labels['cortex.dev/job-id'] === jobId;
        return isOfJob && isRunning && labels['batch.kubernetes.io/job-completion-index'] === index;
      })
      .map(({ name }) => name);
  }

  private podNamed(podName: string): NodePod {
    const found = [...this.pods.values()].find(({ name }) => name === podName);
    if (found === undefined) throw new Error(`the node runs no pod ${podName}`);
    return found;
  }
}

const hasEnded = ({ status }: ApiObject): boolean =>
  status?.['phase'] === 'Failed' || status?.['phase'] === 'Succeeded';
