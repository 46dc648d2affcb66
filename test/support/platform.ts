import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsServerBinary, natsServerSpec } from '../../services/standalone/nats-server.ts';
import {
  SERVICES,
  type ServiceName,
  serviceSpec,
} from '../../services/standalone/service-process.ts';
import { isNatsServing } from '../../services/standalone/tcp.ts';
import { assertBuilt } from './assert-built.ts';
import { freePort } from './free-port.ts';
import { type JobStatus, PlatformClient } from './platform-client.ts';
import { processesWith } from './process-scan.ts';
import { TestProcess } from './test-process.ts';
import { until } from './until.ts';

const root = join(import.meta.dirname, '../..');
/** Workers and handlers leave by themselves when the scheduler has gone; this is their time for it. */
const LEAVE_MS_MAX = 15_000;
/** Of each process, in the message of a test that failed. */
const LOG_CHARS_MAX = 4000;

export interface PlatformOptions {
  /** Binary; default: `NATS_SERVER`, else the one that setup found. */
  readonly natsServer?: string;
  /** Added to the environment of every service. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: all. */
  readonly services?: readonly ServiceName[];
}

/**
 * Starts `nats-server` and every service as real processes, from dist/, on ports and a data directory
 * of their own, and waits until they are ready. Call `stop` in `afterAll` or a `finally`.
 */
export async function startPlatform(options: PlatformOptions = {}): Promise<TestPlatform> {
  assertBuilt();
  const dataDir = await mkdtemp(join(tmpdir(), 'cortex-test-'));
  const platform = new TestPlatform(
    { gateway: await freePort(), nats: await freePort() },
    dataDir,
    options,
  );
  try {
    await platform.startAll();
    return platform;
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

export class TestPlatform extends PlatformClient {
  readonly natsUrl: string;
  private readonly processes = new Map<string, TestProcess>();
  private readonly nats: TestProcess;

  constructor(
    private readonly ports: { readonly gateway: number; readonly nats: number },
    readonly dataDir: string,
    private readonly options: PlatformOptions,
  ) {
    super(`http://127.0.0.1:${ports.gateway}`);
    this.natsUrl = `nats://127.0.0.1:${ports.nats}`;
    this.nats = new TestProcess(
      natsServerSpec({
        binary: natsServerBinary(options.natsServer ?? process.env['NATS_SERVER'] ?? null, root),
        port: ports.nats,
        durability: 'fast',
        dataDir,
        logFile: this.logFile('nats-server'),
        env: this.env,
      }),
    );
    for (const name of options.services ?? SERVICES) this.add(name, name);
  }

  async startAll(): Promise<void> {
    this.nats.start();
    for (const process of this.processes.values()) process.start();
    await this.untilReady();
  }

  /** Resolves when `/readyz` says that every service is ready. */
  async untilReady(): Promise<void> {
    await until(
      '/readyz',
      async () => (await this.ask('/readyz').catch(() => null))?.status === 200,
    ).catch((error: unknown) => {
      throw new Error(`the platform is not ready\n${this.logs}`, { cause: error });
    });
  }

  /** Tells what the services wrote when the job does not become as awaited. */
  override waitForJob(...args: Parameters<PlatformClient['waitForJob']>): Promise<JobStatus> {
    return super.waitForJob(...args).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.logs}`, { cause: error });
    });
  }

  /** The process of that name: `gateway`, …, or one that `addInstance` made. */
  service(name: string): TestProcess {
    const found = this.processes.get(name);
    if (found === undefined) throw new Error(`there is no process ${name}`);
    return found;
  }

  /** Ends a service and resolves when it is gone. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.service(name).kill(signal);
  }

  /** Ends a service with SIGKILL unless it is dead already, and starts it again. */
  async restart(name: string): Promise<void> {
    await this.kill(name);
    this.service(name).start();
  }

  /** Starts one more instance of a service under a name of its own, e.g. a standby scheduler. */
  addInstance(
    service: ServiceName,
    name: string,
    env: Readonly<Record<string, string>> = {},
  ): void {
    this.add(service, name, env).start();
  }

  /** Kills NATS as a crash would and starts it again on what it had stored. */
  async restartNats(): Promise<void> {
    await this.nats.kill('SIGKILL');
    this.nats.start();
    await until('nats-server', () => isNatsServing(this.ports.nats, '127.0.0.1'));
  }

  /** Worker processes that have a job: those with a handler, which is their child. Idle ones have none. */
  workerPids(): readonly number[] {
    const all = processesWith(this.dataDir);
    const parents = new Set(all.map(({ parentPid }) => parentPid));
    return all
      .filter(({ commandLine }) => commandLine.includes('bundles/worker/main.js'))
      .map(({ pid }) => pid)
      .filter((pid) => parents.has(pid));
  }

  /**
   * Stops everything and deletes the data.
   *
   * @throws Error when a process of the platform, a worker or a handler is left
   */
  async stop(): Promise<void> {
    await this.close();
    await Promise.all([...this.processes.values()].map((process) => process.stop()));
    await this.nats.stop();
    const isEmpty = (): boolean => processesWith(this.dataDir).length === 0;
    const left = await until('processes to leave', isEmpty, LEAVE_MS_MAX).then(
      () => [],
      () => processesWith(this.dataDir),
    );
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    await rm(this.dataDir, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left running: ${JSON.stringify(left)}`);
  }

  private add(
    service: ServiceName,
    name: string,
    env: Readonly<Record<string, string>> = {},
  ): TestProcess {
    const spec = serviceSpec(service, {
      servicesDir: join(root, 'dist/services'),
      env: { ...this.env, ...env },
      logFile: this.logFile(name),
    });
    const added = new TestProcess({ ...spec, name });
    this.processes.set(name, added);
    return added;
  }

  /** The end of what each process wrote. */
  private get logs(): string {
    return [...this.processes.values()]
      .map(({ spec, log }) => `${spec.name}\n${log.slice(-LOG_CHARS_MAX)}`)
      .join('\n');
  }

  private logFile(name: string): string {
    return join(this.dataDir, 'logs', `${name}.log`);
  }

  private get env(): NodeJS.ProcessEnv {
    return {
      NODE_COMPILE_CACHE: join(root, '.cache', 'compiled'),
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(this.ports.gateway),
      NATS_URL: this.natsUrl,
      CORTEX_DATA_DIR: this.dataDir,
      CORTEX_INSTALLATION: this.dataDir,
      ...this.options.env,
    };
  }
}
