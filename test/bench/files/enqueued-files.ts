import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { awsEnvironment } from '#test/support/aws-server.ts';
import { eventsOf, nextEvent } from '#test/support/log-reader.ts';
import { until } from '#test/support/until.ts';
import { CortexUnderTest } from '../cortex.ts';
import { messageOf, terminate } from '../processes.ts';
import { ResidentMemory } from '../resident-memory.ts';

/** A handler that never listens: the workers wait for it and leave the processor to the enqueuer. */
const SILENT = 'setInterval(() => {}, 1e9)';
const ANSWERING =
  'require("http").createServer((q, a) => { q.resume(); q.on("end", () => a.end()); }).listen(+process.env.CORTEX_PORT, "127.0.0.1")';

export interface EnqueuedJob {
  /** From `JobSubmitted` to `EnqueuingCompleted`. */
  readonly seconds: number;
  readonly batchCount: number;
  readonly itemCount: number;
}

export interface DryRunTimes {
  readonly lineCount: number;
  readonly first100Ms: number;
  readonly totalMs: number;
}

const LAST_LINE = 'validations passed';

const forkPeer = (name: string, env: Readonly<Record<string, string>>): ChildProcess =>
  fork(join(import.meta.dirname, name), { env: { ...process.env, ...env } });

/** Our whole platform, an S3 with a generated data set, and the floor: a process each. */
export class EnqueuedFiles {
  private readonly memory: ResidentMemory;

  private constructor(
    private readonly cortex: CortexUnderTest,
    private readonly nats: NatsConnection,
    private readonly peers: { readonly s3: ChildProcess; readonly floor: ChildProcess },
  ) {
    this.memory = new ResidentMemory(cortex.platform.dataDir);
  }

  static async start(dataset: Readonly<Record<string, string>>): Promise<EnqueuedFiles> {
    const s3 = forkPeer('s3-peer.ts', dataset);
    const { url } = await messageOf<{ url: string }>(s3);
    const env = awsEnvironment(url);
    const cortex = await CortexUnderTest.start(env);
    const { platform } = cortex;
    const floor = forkPeer('floor-peer.ts', { ...env, NATS_URL: platform.natsUrl });
    await messageOf(floor);
    for (const [name, program] of Object.entries({ silent: SILENT, answering: ANSWERING })) {
      const container = { name, image: 'none', command: [process.execPath, '-e', program] };
      await platform.deploy({ name, kind: 'BatchAPI', pod: { containers: [container] } });
    }
    const nats = await connect({ servers: platform.natsUrl });
    return new EnqueuedFiles(cortex, nats, { s3, floor });
  }

  /** Seconds that the floor takes for a task. */
  async runFloor(task: { list: true } | { linesPerMessage: number }): Promise<number> {
    const answered = messageOf<{ seconds: number }>(this.peers.floor);
    this.peers.floor.send(task);
    return (await answered).seconds;
  }

  /** Enqueues a job that no worker takes anything of. */
  async enqueue(source: Readonly<Record<string, unknown>>): Promise<EnqueuedJob> {
    const { platform } = this.cortex;
    const ended = Promise.race([
      nextEvent(this.nats, 'EnqueuingCompleted'),
      nextEvent(this.nats, 'EnqueuingFailed'),
    ]);
    await this.nats.flush();
    const jobId = await this.submit('silent', source);
    await ended;
    const job = { api: 'silent', jobId };
    const [submitted] = await eventsOf(platform.natsUrl, job, 'JobSubmitted');
    const [completed] = await eventsOf(platform.natsUrl, job, 'EnqueuingCompleted');
    if (completed?.event.type !== 'EnqueuingCompleted')
      throw new Error(
        `enqueuing failed: ${JSON.stringify(await eventsOf(platform.natsUrl, job, 'EnqueuingFailed'))}`,
      );
    await this.end(job);
    const seconds = (Date.parse(completed.at) - Date.parse(submitted?.at ?? '')) / 1000;
    const { totalBatchCount, totalItemCount } = completed.event.data;
    return { seconds, batchCount: totalBatchCount, itemCount: totalItemCount };
  }

  /** Milliseconds from the POST until the first batch is in the hands of a worker that started for it. */
  async firstBatchMs(source: Readonly<Record<string, unknown>>): Promise<number> {
    const started = nextEvent(this.nats, 'JobStarted');
    await this.nats.flush();
    const postedAt = performance.now();
    const jobId = await this.submit('answering', source);
    await started;
    const ms = Math.round(performance.now() - postedAt);
    await this.end({ api: 'answering', jobId });
    return ms;
  }

  /** Milliseconds to the first 100 lines of a dry run, and how long all of it took. */
  async dryRun(source: Readonly<Record<string, unknown>>): Promise<DryRunTimes> {
    const startedAt = performance.now();
    const answer = await fetch(`${this.cortex.platform.url}/silent?dryRun=true`, {
      method: 'POST',
      body: JSON.stringify({ workers: 1, ...source }),
    });
    let lineCount = 0;
    let first100Ms = 0;
    let ending = '';
    if (answer.body === null) throw new Error(`the dry run answered ${answer.status}, no text`);
    for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
      lineCount += text.split('\n').length - 1;
      if (first100Ms === 0 && lineCount >= 100)
        first100Ms = Math.round(performance.now() - startedAt);
      ending = (ending + text).slice(-LAST_LINE.length);
    }
    if (ending !== LAST_LINE) throw new Error(`the dry run ended with ${ending}`);
    return { lineCount, first100Ms, totalMs: Math.round(performance.now() - startedAt) };
  }

  /** The largest resident memory of a service, in MB. */
  peakMb(service: 'enqueuer' | 'gateway'): number {
    return this.memory.peakMb(service);
  }

  async stop(): Promise<void> {
    this.memory.stop();
    await this.nats.close();
    await this.cortex.stop();
    await Promise.all([terminate(this.peers.s3), terminate(this.peers.floor)]);
  }

  private async submit(api: string, source: Readonly<Record<string, unknown>>): Promise<string> {
    const body = JSON.stringify({ workers: 1, ...source });
    return (await this.cortex.platform.submit(api, body)).job_id;
  }

  private async end({ api, jobId }: { api: string; jobId: string }): Promise<void> {
    await this.cortex.platform.stopJob(api, jobId);
    await until('its worker to leave', () => this.cortex.platform.workerPids().length === 0);
  }
}
