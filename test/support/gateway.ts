import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import {
  BatchQueueUnavailable,
  DeadLetterQueueUnusable,
} from '#libs/batch-queue/batch-queue.port.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import type { ComputeKind } from '#libs/compute/compute-config.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import {
  type DecisionLane,
  EventStoreUnavailable,
  type Fact,
} from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { BlobStoreUnavailable } from '#libs/object-store/blob-store.port.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { InMemoryInputFiles } from '#libs/object-store/in-memory/in-memory-input-files.ts';
import type { InputFiles } from '#libs/object-store/input-files.port.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { create } from 'tar';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '../../services/gateway/gateway.module.ts';
import { FoldedStatusQueries } from './gateway-status-queries.ts';

/** Objects in memory that can be counted, and taken away. */
export class FailingBlobStore extends InMemoryBlobStore {
  readonly keys = new Set<string>();
  isDown = false;

  override async put(key: string, bytes: Uint8Array): Promise<void> {
    if (this.isDown) throw new BlobStoreUnavailable('the object store is down');
    await super.put(key, bytes);
    this.keys.add(key);
  }

  override async delete(key: string): Promise<void> {
    await super.delete(key);
    this.keys.delete(key);
  }
}

/** An in-memory log whose appends can be made to fail before or after they are stored. */
export class FailingEventStore extends InMemoryEventStore {
  failAppendsOf: { readonly type: PlatformEvent['type']; readonly after: boolean } | null = null;
  isDown = false;

  override async append<E extends PlatformEvent>(
    lane: DecisionLane<E>,
    fact: Fact<E>,
    version: number,
  ): Promise<number> {
    const failure = this.failAppendsOf?.type === fact.event.type ? this.failAppendsOf : null;
    if (failure?.after === false) throw new EventStoreUnavailable('not stored');
    const position = await super.append(lane, fact, version);
    if (failure !== null) throw new EventStoreUnavailable('stored, but nobody was told');
    return position;
  }

  override async lastPosition(): Promise<number> {
    if (this.isDown) throw new EventStoreUnavailable('the event store is down');
    return super.lastPosition();
  }
}

/** Every queue is there, but for those that a test names. */
export class ListedDeadLetterQueues {
  readonly unusable = new Set<string>();
  isDown = false;

  async check(arn: string): Promise<void> {
    if (this.isDown) throw new BatchQueueUnavailable('the queue is down');
    if (this.unusable.has(arn)) throw new DeadLetterQueueUnusable(`${arn} does not exist`);
  }
}

/** A gateway over HTTP on a port of its own, on in-memory adapters. */
export class TestGateway {
  readonly store = new FailingEventStore();
  readonly blobs = new FailingBlobStore();
  /** Empty, unless the gateway was started on files of somebody else's. */
  readonly files = new InMemoryInputFiles();
  readonly deadLetterQueues = new ListedDeadLetterQueues();
  /** What was given up on, where a test puts something there. */
  readonly letters = new InMemoryBatchQueue({ leaseMs: 60_000 });
  readonly queries = new FoldedStatusQueries(this.store);
  url = '';
  private close: () => Promise<void> = async () => {};

  static async start(
    options: {
      readonly isReadOnly?: boolean;
      readonly publicUrl?: string;
      readonly compute?: ComputeKind;
      readonly inputFiles?: InputFiles;
    } = {},
  ): Promise<TestGateway> {
    const gateway = new TestGateway();
    const { store, blobs, queries, files, deadLetterQueues } = gateway;
    const app = await createGateway({
      config: {
        publicUrl: options.publicUrl ?? null,
        compute: options.compute ?? 'local',
        isReadOnly: options.isReadOnly ?? false,
      },
      store,
      blobs,
      queries,
      queue: {
        urlOf: ({ apiName: api, jobId: job }) => `nats://queue/batches.${api}.${job}`,
        checkDeadLetterQueue: (arn) => deadLetterQueues.check(arn),
        readDeadLetters: (...args) => gateway.letters.readDeadLetters(...args),
        removeDeadLetters: (...args) => gateway.letters.removeDeadLetters(...args),
      },
      inputFiles: options.inputFiles ?? files,
      clock: systemClock,
      logger: silentLogger,
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.getHttpServer().address() as AddressInfo;
    gateway.url = `http://127.0.0.1:${port}`;
    gateway.close = () => app.close();
    return gateway;
  }

  async stop(): Promise<void> {
    await this.close();
  }

  request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { method, ...init });
  }

  /** Deploys a pod that runs `true`, unless `configuration` says otherwise. */
  async deploy(configuration: object = {}): Promise<Response> {
    return this.request('PUT', '/v1/apis', { body: JSON.stringify([aPodApi(configuration)]) });
  }

  /** The lifecycle events of a job. */
  async eventsOf(api: string, job: string): Promise<readonly JobEvent[]> {
    const lane = laneOf(apiName(api), jobId(job));
    return (await this.store.read<JobEvent>(lane)).events.map(({ event }) => event);
  }

  /** Ends a job as the scheduler would. */
  async completeJob(api: string, job: string): Promise<void> {
    const lane = laneOf(apiName(api), jobId(job));
    const { version } = await this.store.read<JobEvent>(lane);
    const data = {
      jobId: lane.jobId,
      status: 'stopped',
      reason: null,
      completionHook: null,
    } as const;
    const fact = {
      id: `${job}.JobCompleted`,
      at: new Date().toISOString(),
      event: { type: 'JobCompleted', data } as const,
    };
    await this.store.append<JobEvent>(lane, fact, version);
  }

  /** Length of the log. */
  async eventCount(): Promise<number> {
    return this.store.lastPosition();
  }
}

const laneOf = (name: ApiName, id: JobId) => ({ kind: 'job', apiName: name, jobId: id }) as const;

/** The configuration of an API with one container. */
export const aPodApi = (changes: object = {}): object => ({
  name: 'sum',
  kind: 'BatchAPI',
  pod: { containers: [{ name: 'api', command: ['true'] }] },
  ...changes,
});

/** The configuration of an API that is a function. */
export const aHandlerApi = (changes: object = {}): object => ({
  name: 'fn',
  kind: 'BatchAPI',
  handler: { type: 'node', path: 'handler.js' },
  ...changes,
});

/** A submission of three items; `changes` are members of the request. */
export const aSubmission = (changes: object = {}): string =>
  JSON.stringify({ workers: 1, item_list: { items: [1, 2, 3], batch_size: 2 }, ...changes });

/** A gzipped tar archive of `files` by name. */
export async function archiveOf(
  files: Readonly<Record<string, string>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'cortex-archive-'));
  try {
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content);
    const chunks: Buffer[] = [];
    const collect = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        chunks.push(chunk);
        done();
      },
    });
    const archive = create({ gzip: true, cwd: folder }, ['.']);
    await new Promise((resolve, reject) => {
      collect.once('finish', resolve);
      archive.once('error', reject);
      archive.pipe(collect);
    });
    return new Uint8Array(Buffer.concat(chunks));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
