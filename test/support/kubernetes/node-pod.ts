import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import type { ApiObject } from './api-objects.ts';
import { type ContainerEnd, type ContainerSpec, PodProcess } from './pod-process.ts';

/** What an image brings. */
export interface Image {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface NodePodOptions {
  readonly pod: ApiObject;
  readonly folder: string;
  readonly images: Readonly<Record<string, Image>>;
  /** The data of a ConfigMap; `null` when there is none. */
  configMap(name: string): Promise<Readonly<Record<string, string>> | null>;
  onStatus(status: object): Promise<void>;
}

interface Volume {
  readonly name: string;
  readonly configMap?: {
    readonly name: string;
    readonly items: readonly { readonly key: string; readonly path: string }[];
  };
}
interface Spec {
  readonly containers: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly volumes?: readonly Volume[];
}

/** One container as its status shows it. */
interface Seen {
  readonly spec: ContainerSpec;
  process: PodProcess | null;
  end: ContainerEnd | null;
  waiting: { readonly reason: string; readonly message?: string };
  isReady: boolean;
}

const CONFIG_RETRY_MS = 20;

/** One pod of the node, from its volumes to the end of its last container. */
export class NodePod {
  readonly ended: Promise<void>;
  private readonly spec: Spec;
  private readonly inits: readonly Seen[];
  private readonly containers: readonly Seen[];
  private isEnding = false;
  private port = 0;
  private publishing: Promise<void> = Promise.resolve();

  constructor(private readonly options: NodePodOptions) {
    const spec: unknown = options.pod.spec;
    this.spec = spec as Spec;
    this.inits = (this.spec.initContainers ?? []).map(newSeen);
    this.containers = this.spec.containers.map(newSeen);
    this.ended = this.run();
  }

  get name(): string {
    return this.options.pod.metadata.name;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.options.pod.metadata.labels ?? {};
  }

  get isRunning(): boolean {
    return this.containers.some(({ process, end }) => process !== null && end === null);
  }

  process(container: string): PodProcess {
    const found = [...this.inits, ...this.containers].find(({ spec }) => spec.name === container);
    if (found?.process == null) throw new Error(`${this.name} runs no container ${container}`);
    return found.process;
  }

  log(
    container: string,
    { bytesMax, withTimes }: { readonly bytesMax: number; readonly withTimes: boolean },
  ): string | null {
    const found = [...this.inits, ...this.containers].find(({ spec }) => spec.name === container);
    if (found?.process == null) return null;
    const text = readFileSync(found.process.logFile).subarray(0, bytesMax).toString();
    if (!withTimes) return text;
    const time = new Date(0).toISOString(); // Processes write no times; one is as good as another.
    return text.replaceAll(/^(?=.)/gm, `${time} `);
  }

  probe(): void {
    for (const seen of this.containers) {
      const isReady = seen.process !== null && seen.end === null && seen.process.isReady;
      if (isReady === seen.isReady) continue;
      seen.isReady = isReady;
      void this.publish();
    }
  }

  /** SIGTERM, and SIGKILL after the grace. */
  end(graceSeconds: number): void {
    if (!this.isEnding) for (const { process } of this.all()) process?.signal('SIGTERM');
    this.isEnding = true;
    setTimeout(() => this.kill(), graceSeconds * 1000).unref();
  }

  kill(): void {
    this.isEnding = true;
    for (const { process } of this.all()) process?.signal('SIGKILL');
  }

  private all(): readonly Seen[] {
    return [...this.inits, ...this.containers];
  }

  private async run(): Promise<void> {
    mkdirSync(this.options.folder, { recursive: true });
    this.port = await freePort();
    await this.publish();
    for (const volume of this.spec.volumes ?? []) await this.mount(volume);
    for (const init of this.inits) {
      await this.runContainer(init);
      if (init.end?.exitCode !== 0) return this.publish();
    }
    if (!this.isEnding) await Promise.all(this.containers.map((each) => this.runContainer(each)));
    await this.publish();
  }

  private async mount({ name, configMap }: Volume): Promise<void> {
    const folder = join(this.options.folder, 'volumes', name);
    mkdirSync(folder, { recursive: true });
    if (configMap === undefined) return;
    while (!this.isEnding) {
      const data = await this.options.configMap(configMap.name);
      if (data === null) {
        await new Promise((resolve) => setTimeout(resolve, CONFIG_RETRY_MS));
        continue;
      }
      for (const { key, path } of configMap.items)
        writeFileSync(join(folder, path), data[key] ?? '');
      return;
    }
  }

  private async runContainer(seen: Seen): Promise<void> {
    const image = this.options.images[seen.spec.image];
    if (image === undefined) {
      seen.waiting = { reason: 'ErrImagePull', message: `${seen.spec.image}: not found` };
      await this.publish();
      seen.waiting = { ...seen.waiting, reason: 'ImagePullBackOff' };
      await this.publish();
      while (!this.isEnding) await new Promise((resolve) => setTimeout(resolve, CONFIG_RETRY_MS));
      return;
    }
    if (this.isEnding) return;
    const env = { ...image.env, ...this.envOf(seen.spec) };
    const { folder } = this.options;
    seen.process = new PodProcess({ spec: seen.spec, folder, cwd: image.cwd, env });
    await this.publish();
    seen.end = await seen.process.ended;
    await this.publish();
  }

  /** Pods have their ports for themselves; here every pod gets one that is free. */
  private envOf({ env = [] }: ContainerSpec): Record<string, string> {
    const { metadata } = this.options.pod;
    const entries = env.map(({ name, value = '', valueFrom }) => {
      if (name === 'CORTEX_PORT') return [name, String(this.port)];
      const path = valueFrom?.fieldRef.fieldPath;
      if (path === undefined) return [name, value];
      if (path === 'metadata.name') return [name, metadata.name];
      const [, kind, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
      return [name, (kind === 'labels' ? metadata.labels : metadata.annotations)?.[key] ?? ''];
    });
    return Object.fromEntries(entries);
  }

  private publish(): Promise<void> {
    const status = this.status();
    this.publishing = this.publishing.then(() => this.options.onStatus(status));
    return this.publishing;
  }

  private status(): object {
    const failedInit = this.inits.some(({ end }) => end !== null && end.exitCode !== 0);
    const started = this.containers.filter(({ process }) => process !== null);
    const isOver = this.all().every(({ process, end }) => process === null || end !== null);
    const hasEnded = failedInit || (isOver && (started.length > 0 || this.isEnding));
    const isWell =
      !failedInit && started.length > 0 && started.every(({ end }) => end?.exitCode === 0);
    const isUp = started.length > 0 || this.inits.some(({ process }) => process !== null);
    const live = started.length > 0 ? 'Running' : 'Pending';
    return {
      phase: hasEnded ? (isWell ? 'Succeeded' : 'Failed') : live,
      conditions: [{ type: 'PodScheduled', status: 'True' }],
      ...(isUp && { startTime: new Date().toISOString() }),
      initContainerStatuses: this.inits.map(statusOf),
      containerStatuses: this.containers.map(statusOf),
    };
  }
}

const newSeen = (spec: ContainerSpec): Seen => ({
  spec,
  process: null,
  end: null,
  waiting: { reason: 'ContainerCreating' },
  isReady: false,
});

function statusOf({ spec, process, end, waiting, isReady }: Seen): object {
  const state =
    end !== null
      ? { terminated: { ...end, finishedAt: new Date().toISOString() } }
      : process === null
        ? { waiting }
        : { running: { startedAt: new Date().toISOString() } };
  return {
    name: spec.name,
    image: spec.image,
    imageID: '',
    restartCount: 0,
    ready: isReady && end === null,
    started: process !== null && end === null,
    state,
  };
}
