import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#test/support/free-port.ts';
import { PlatformClient } from '#test/support/platform-client.ts';
import { processesWith, type RunningProcess } from '#test/support/process-scan.ts';
import { until } from '#test/support/until.ts';
import { serviceSpec, spawnLogged } from '../../services/standalone/service-process.ts';
import { SupervisedProcess } from '../../services/standalone/supervised-process.ts';
import type { Target } from './chaos-plan.ts';

const root = join(import.meta.dirname, '../..');
export const HANDLER = join(import.meta.dirname, 'chaos_handler.py');
const servicesDir = join(root, 'dist/services');
const STANDBY = 'standby-scheduler';
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 40_000;
/** Workers and handlers leave by themselves when their scheduler has gone. */
const LEAVE_MS_MAX = 20_000;

/** Leases as short as two cores that are busy allow: what a dead process held is offered again sooner. */
const ENV = {
  LEASE_MS: '2000',
  LEADER_TTL_MS: '1500',
  STOP_GRACE_MS: '300',
  QUEUE_LOOK_MS: '2000',
  SNAPSHOT_INTERVAL_MS: '1500',
  LOCAL_WORKERS_MAX: '6',
  LOCAL_WORKERS_WARM: '4',
  LOG_LEVEL: 'info',
  CORTEX_AWS: 'configured', // No job here has to do with S3.
};

interface Ports {
  readonly gateway: number;
  readonly nats: number;
}

const natsUrlOf = ({ nats }: Ports): string => `nats://127.0.0.1:${nats}`;

function environment(dataDir: string, { gateway, nats }: Ports): NodeJS.ProcessEnv {
  const { NATS_URL: _, ...inherited } = process.env;
  return {
    ...inherited,
    ...ENV,
    HOST: '127.0.0.1',
    PORT: String(gateway),
    NATS_PORT: String(nats),
    CORTEX_DATA_DIR: dataDir,
    CORTEX_INSTALLATION: dataDir,
    NODE_COMPILE_CACHE: join(root, '.cache', 'compiled'),
  };
}

/**
 * The platform as `npm start` runs it, by its own supervisor, which starts again what is killed; and
 * a second scheduler that stands by.
 */
export class ChaosPlatform extends PlatformClient {
  private constructor(
    readonly dataDir: string,
    private readonly ports: Ports,
    private readonly standalone: ChildProcess,
    private readonly standby: SupervisedProcess,
  ) {
    super(`http://127.0.0.1:${ports.gateway}`);
  }

  /** From dist/, which has to be current: see `assertBuilt`. */
  static async start(): Promise<ChaosPlatform> {
    const dataDir = await mkdtemp(join(tmpdir(), 'cortex-chaos-'));
    await mkdir(join(dataDir, 'records'));
    const ports = { gateway: await freePort(), nats: await freePort() };
    const env = environment(dataDir, ports);
    const logFile = (name: string): string => join(dataDir, 'logs', `${name}.log`);
    const main = join(servicesDir, 'standalone/main.js');
    const standalone = spawnLogged(
      {
        name: 'standalone',
        command: process.execPath,
        args: [main],
        env,
        logFile: logFile('standalone'),
        hasChannel: true,
      },
      () => {},
    );
    const spec = serviceSpec('scheduler', {
      servicesDir,
      env: { ...env, NATS_URL: natsUrlOf(ports) },
      logFile: logFile(STANDBY),
    });
    const standby = new SupervisedProcess({ ...spec, name: STANDBY }, () => {});
    const platform = new ChaosPlatform(dataDir, ports, standalone, standby);
    standby.start();
    try {
      await platform.untilReady();
      return platform;
    } catch (error) {
      await platform.stop();
      throw error;
    }
  }

  get natsUrl(): string {
    return natsUrlOf(this.ports);
  }

  get recordDir(): string {
    return join(this.dataDir, 'records');
  }

  async untilReady(): Promise<void> {
    const isReady = async (): Promise<boolean> =>
      (await this.ask('/readyz').catch(() => null))?.status === 200;
    await until('/readyz', isReady, READY_MS_MAX);
  }

  /** Handlers there are, each with the worker that feeds it and their job. */
  async handlers(): Promise<readonly ChaosHandler[]> {
    const running = processesWith(this.dataDir);
    const jobs = new Map(
      (await readdir(this.recordDir)).map((file) => {
        const [jobId = '', pid = ''] = file.split('.');
        return [Number(pid), jobId];
      }),
    );
    return running
      .filter(({ commandLine }) => commandLine.includes(HANDLER))
      .flatMap(({ pid, parentPid }) => {
        const jobId = jobs.get(pid);
        return jobId === undefined ? [] : [{ pid, workerPid: parentPid, jobId }];
      });
  }

  /** The process of a service; `null` while it is between two lives. */
  servicePid(target: Exclude<Target, 'worker' | 'handler'>): number | null {
    if (target === STANDBY) return this.standby.pid ?? null;
    const mark = target === 'nats-server' ? 'nats-server.conf' : `/${target}/main.js`;
    const { pid: supervisorPid } = this.standalone;
    const isIt = ({ parentPid, commandLine }: RunningProcess): boolean =>
      parentPid === supervisorPid && commandLine.includes(mark) && !commandLine.startsWith('sh ');
    return processesWith(this.dataDir).find(isIt)?.pid ?? null;
  }

  /** Stops everything in order. @returns processes that are left although they should not, killed now */
  async stop(): Promise<readonly RunningProcess[]> {
    await this.close();
    await Promise.all([this.standby.stop(STOP_MS_MAX), this.stopStandalone()]);
    const isEmpty = (): boolean => processesWith(this.dataDir).length === 0;
    const left = await until('processes to leave', isEmpty, LEAVE_MS_MAX).then(
      () => [],
      () => processesWith(this.dataDir),
    );
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    return left;
  }

  removeData(): Promise<void> {
    return rm(this.dataDir, { recursive: true, force: true });
  }

  private async stopStandalone(): Promise<void> {
    const { exitCode, signalCode } = this.standalone;
    if (exitCode !== null || signalCode !== null) return;
    const exited = once(this.standalone, 'exit');
    this.standalone.kill('SIGTERM');
    const deadline = setTimeout(() => this.standalone.kill('SIGKILL'), STOP_MS_MAX);
    await exited;
    clearTimeout(deadline);
  }
}

export interface ChaosHandler {
  readonly pid: number;
  readonly workerPid: number;
  readonly jobId: string;
}
