import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#test/support/free-port.ts';
import { TestProcess } from '#test/support/test-process.ts';
import { until } from '#test/support/until.ts';
import { natsServerBinary, natsServerSpec } from '../../../services/standalone/nats-server.ts';
import { type ServiceName, serviceSpec } from '../../../services/standalone/service-process.ts';
import { isNatsServing } from '../../../services/standalone/tcp.ts';

const root = join(import.meta.dirname, '../../..');
/** A log of millions of events is checked before it is served. */
const START_MS_MAX = 120_000;

/** A log on a server of its own, and whichever services read it. */
export class LogServer {
  private readonly services: TestProcess[] = [];

  private constructor(
    private readonly dataDir: string,
    private readonly isTemporary: boolean,
    private readonly port: number,
    private readonly nats: TestProcess,
  ) {}

  /** @param givenDir keeps the log for the next time; without it the log goes with the server */
  static async start(givenDir: string | null = null): Promise<LogServer> {
    const dataDir = givenDir ?? (await mkdtemp(join(tmpdir(), 'cortex-bench-log-')));
    await mkdir(dataDir, { recursive: true });
    const port = await freePort();
    const nats = new TestProcess(
      natsServerSpec({
        binary: natsServerBinary(process.env['NATS_SERVER'] ?? null, root),
        port,
        durability: 'fast',
        dataDir,
        logFile: join(dataDir, 'nats-server.log'),
        env: process.env,
      }),
    );
    const server = new LogServer(dataDir, givenDir === null, port, nats);
    nats.start();
    await until('nats-server', () => isNatsServing(port, '127.0.0.1'), START_MS_MAX);
    return server;
  }

  get natsUrl(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts the built service as `npm start` does, without waiting for it. */
  startService(name: ServiceName, env: Readonly<Record<string, string>> = {}): TestProcess {
    const spec = serviceSpec(name, {
      servicesDir: join(root, 'dist/services'),
      env: { ...process.env, NATS_URL: this.natsUrl, LOG_LEVEL: 'warn', ...env },
      logFile: join(this.dataDir, `${name}.log`),
    });
    const service = new TestProcess(spec);
    service.start();
    this.services.push(service);
    return service;
  }

  async stop(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
    await this.nats.stop();
    if (this.isTemporary) await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** The most memory that a process ever had resident, in MB. */
export function peakResidentMb(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}
