import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { type ListJobsAnswer, type ProjectionAnswer, QUERIES } from '#libs/messaging/queries.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { PipelinedPublisher } from '#libs/platform/nats/pipelined-publisher.ts';
import { NODE_FLAGS } from '../../services/standalone/service-process.ts';
import { TestNatsServer } from './nats-server.ts';
import { syntheticLog, type SyntheticLog } from './synthetic-log.ts';
import { until } from './until.ts';

const MAIN = fileURLToPath(
  new URL('../../dist/services/status-projector/main.js', import.meta.url),
);
const CATCH_UP_MS_MAX = 600_000;

/** A `nats-server` with a synthetic log, and the status projector's own process on it. */
export class ProjectorUnderTest {
  private child: ChildProcess | null = null;

  private constructor(
    private readonly server: TestNatsServer,
    private readonly client: NatsRequestClient,
    readonly lastPosition: number,
  ) {}

  static async start(log: SyntheticLog): Promise<ProjectorUnderTest> {
    const server = await TestNatsServer.start();
    const nats = await connectNats(server.url, { name: 'bench', logger: silentLogger });
    const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
    const publisher = new PipelinedPublisher(nats, 60_000);
    await publisher.publishAll(syntheticLog(log));
    publisher.close();
    const lastPosition = await store.lastPosition();
    await store.close();
    await nats.close();
    return new ProjectorUnderTest(server, new NatsRequestClient(server.url), lastPosition);
  }

  /** @returns milliseconds until it answers with everything */
  async run(): Promise<number> {
    const startedAt = performance.now();
    const env = { ...process.env, NATS_URL: this.server.url, LOG_LEVEL: 'error' };
    this.child = spawn(process.execPath, [...NODE_FLAGS, MAIN], { env, stdio: 'inherit' });
    await until(
      'the projector to answer',
      () =>
        this.projection().then(
          ({ position }) => position >= this.lastPosition,
          () => false, // It does not listen yet.
        ),
      CATCH_UP_MS_MAX,
    );
    return performance.now() - startedAt;
  }

  /** @param signal SIGKILL: without a last snapshot */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child === null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
    this.child = null;
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    await this.client.close();
    await this.server.stop();
  }

  /** Resident memory in MB: now, or the most there ever was. */
  residentMb(which: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.child?.pid}/status`, 'utf8');
    const kilobytes = new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1];
    return Math.round(Number(kilobytes) / 1024);
  }

  /** One page and the milliseconds it took. */
  async page(
    after: string | null,
    countMax = 100,
  ): Promise<{ readonly answer: ListJobsAnswer; readonly ms: number }> {
    const startedAt = performance.now();
    const query = { apiName: null, statuses: null, countMax, after };
    const answer = await this.ask<ListJobsAnswer>(QUERIES.listJobs, query);
    return { answer, ms: performance.now() - startedAt };
  }

  projection(): Promise<ProjectionAnswer> {
    return this.ask<ProjectionAnswer>(QUERIES.readProjection, {});
  }

  askForRebuild(): Promise<ProjectionAnswer> {
    return this.ask<ProjectionAnswer>(QUERIES.rebuildProjection, {});
  }

  /** @returns milliseconds until the rebuilt one is in use */
  async rebuild(): Promise<number> {
    const startedAt = performance.now();
    const { generation } = await this.askForRebuild();
    const isDone = async (): Promise<boolean> => {
      const now = await this.projection();
      return now.rebuild === null && now.generation > generation;
    };
    await until('the rebuild', isDone, CATCH_UP_MS_MAX);
    return performance.now() - startedAt;
  }

  private ask<Answer>(pattern: string, question: object): Promise<Answer> {
    return this.client.ask<Answer>(pattern, question, CATCH_UP_MS_MAX);
  }
}
