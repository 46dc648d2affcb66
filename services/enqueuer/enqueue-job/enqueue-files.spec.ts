import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type {
  DelimitedFilesSource,
  FilePathListerSource,
  JobSource,
} from '#libs/domain/job/job.events.ts';
import type { JobEvent, JobSubmitted } from '#libs/domain/job/job.events.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { EMPTY_LANE } from '#libs/event-store/event-store.port.ts';
import { InMemoryBatchQueue } from '#libs/batch-queue/in-memory/in-memory-batch-queue.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { InMemoryInputFiles } from '#libs/object-store/in-memory/in-memory-input-files.ts';
import type { InputFile, InputFileContent } from '#libs/object-store/input-files.port.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { A_JOB, aJobSubmitted, jobStopRequested } from '#test/support/job.builders.ts';
import { EnqueueJob } from './enqueue-job.ts';

const AT = '2026-11-23T10:00:00.000Z';
const NEVER = new AbortController().signal;

const paths = (changes: Partial<FilePathListerSource> = {}): FilePathListerSource => ({
  kind: 'file_path_lister',
  s3Paths: ['s3://bucket/in/'],
  includes: [],
  excludes: [],
  batchSizeItems: 2,
  ...changes,
});
const lines = (changes: Partial<DelimitedFilesSource> = {}): DelimitedFilesSource => ({
  ...paths(),
  kind: 'delimited_files',
  onError: 'fail',
  ...changes,
});

/** Files of which reading never ends by itself. */
class EndlessFiles extends InMemoryInputFiles {
  onRead: () => void = () => {};

  override async read(
    _file: InputFile,
    _offsetBytes: number,
    signal: AbortSignal,
  ): Promise<InputFileContent> {
    this.onRead();
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    );
  }
}

describe('enqueuing files', () => {
  let store: InMemoryEventStore;
  let queue: InMemoryBatchQueue;
  let files: InMemoryInputFiles;

  beforeEach(() => {
    store = new InMemoryEventStore();
    queue = new InMemoryBatchQueue({ leaseMs: 60_000 });
    files = new InMemoryInputFiles({ pageFilesMax: 3 });
    files.createBucket('bucket');
  });

  const lane = { kind: 'job', apiName: aJobSubmitted().data.apiName, jobId: A_JOB } as const;
  const append = async (event: JobEvent): Promise<void> => {
    const { version } = await store.read<JobEvent>(lane);
    await store.append(lane, { id: eventId(event), at: AT, event }, version);
  };
  const submit = async (source: JobSource): Promise<JobSubmitted['data']> => {
    const event = aJobSubmitted({ source });
    await store.append(lane, { id: eventId(event), at: AT, event }, EMPTY_LANE);
    return event.data;
  };
  const enqueuer = (): EnqueueJob =>
    new EnqueueJob({
      store,
      queue,
      blobs: new InMemoryBlobStore(),
      inputFiles: files,
      clock: systemClock,
      logger: silentLogger,
    });
  const enqueue = async (source: JobSource): Promise<void> =>
    enqueuer().execute(await submit(source), NEVER);
  const history = async (): Promise<PlatformEvent[]> => {
    const events: PlatformEvent[] = [];
    for await (const entry of store.history(lane.apiName, A_JOB)) {
      if (entry.kind === 'event') events.push(entry.logged.event);
    }
    return events;
  };
  const last = async (): Promise<PlatformEvent | undefined> => (await history()).at(-1);
  const payloads = async (): Promise<string[]> => {
    const receiver = await queue.receiver(aJobSubmitted().data);
    const batches = await receiver.receive(10_000, 0);
    return batches.map(({ payload }) => new TextDecoder().decode(payload));
  };

  describe('by their paths', () => {
    it('makes batches of the selected paths, as JSON strings', async () => {
      for (const key of [
        'in/a.jpg',
        'in/b "ü"\n.jpg',
        'in/c.png',
        'in/d.jpg',
        'in/sub/',
        'in/e.jpg',
      ])
        files.put('bucket', key, 'x');
      await enqueue(paths({ includes: ['**.jpg'] }));
      expect(await payloads()).toEqual([
        '["s3://bucket/in/a.jpg","s3://bucket/in/b \\"ü\\"\\n.jpg"]',
        '["s3://bucket/in/d.jpg","s3://bucket/in/e.jpg"]',
      ]);
      expect(await last()).toEqual(total(2, 4));
    });

    it('fails a job whose batch is too large, and says which', async () => {
      for (let n = 0; n < 400; n++) files.put('bucket', `in/${'x'.repeat(1000)}${n + 1000}`, '');
      await enqueue(paths({ batchSizeItems: 300 }));
      expect(await last()).toMatchObject({ data: { reason: { kind: 'batch.too_large' } } });
      expect(JSON.stringify(await last())).toContain('batch 0, which starts with s3://bucket/in/x');
    });

    it('fails a job that selects no file', async () => {
      files.put('bucket', 'in/a.jpg', 'x');
      await enqueue(paths({ includes: ['**.png'] }));
      expect(await last()).toEqual(
        failure(
          'batchapi.no_s3_files_found',
          'file_path_lister: no s3 files match search criteria',
        ),
      );
    });
  });

  describe('by their lines', () => {
    it('makes batches of lines that span files, gzipped or not, empty or not', async () => {
      files.put('bucket', 'in/1.json', '{"n":1}\n{"n": 2}\n\n{"n":3}');
      files.put('bucket', 'in/2.json', '');
      files.put('bucket', 'in/3.json.gz', gzipSync('4\n5\n6\n'));
      files.put('bucket', 'in/4.json', gzipSync('"seven"\r\n8'), { contentEncoding: 'gzip' });
      files.put('bucket', 'in/5.json', '9');
      await enqueue(lines());
      expect(await payloads()).toEqual([
        '[{"n":1},{"n": 2}]',
        '[{"n":3},4]',
        '[5,6]',
        '["seven",8]',
        '[9]',
      ]);
      expect(await last()).toEqual(total(5, 9));
    });

    it('fails the job at a malformed line, and says where', async () => {
      files.put('bucket', 'in/1.json', '1\n{"a":x}\n');
      await enqueue(lines());
      expect(await last()).toMatchObject({ data: { reason: { kind: 'input.malformed_line' } } });
      expect(JSON.stringify(await last())).toContain('s3://bucket/in/1.json: line 2, byte 7');
    });

    it('leaves malformed lines out where it is told to, and tells of each', async () => {
      files.put('bucket', 'in/1.json', '1\nbad\n2\n');
      files.put('bucket', 'in/2.json', '3\n4\nworse\n');
      await enqueue(lines({ onError: 'skip' }));
      expect(await payloads()).toEqual(['[1,2]', '[3,4]']);
      const events = await history();
      expect(events.at(-1)).toEqual(total(2, 4, 2));
      const skipped = events.flatMap((event) =>
        event.type === 'LinesSkipped' ? [event.data] : [],
      );
      expect(skipped.map(({ firstSkipped }) => firstSkipped)).toEqual([0, 1]);
      expect(skipped.flatMap((each) => each.lines)).toMatchObject([
        { file: 's3://bucket/in/1.json', line: 2, byteOffset: 2 },
        { file: 's3://bucket/in/2.json', line: 3, byteOffset: 4 },
      ]);
      const enqueued = events.flatMap((event) =>
        event.type === 'BatchEnqueued' ? [event.data.skippedLineCount] : [],
      );
      expect(enqueued.at(-1)).toBe(1);
    });

    it('completes a job whose files hold no item', async () => {
      files.put('bucket', 'in/1.json', '');
      files.put('bucket', 'in/2.json', '\n \n');
      await enqueue(lines());
      expect(await last()).toEqual(total(0, 0));
    });

    it('fails a job that selects no file', async () => {
      await enqueue(lines());
      expect(await last()).toEqual(
        failure('batchapi.no_s3_files_found', 'delimited_files: no s3 files match search criteria'),
      );
    });

    it('reads hundreds of small files in their order', async () => {
      const count = 300;
      for (let n = 0; n < count; n++) files.put('bucket', `in/${1000 + n}`, `${n}\n`);
      await enqueue(lines({ batchSizeItems: count }));
      const everyN = Array.from({ length: count }, (_, n) => n);
      expect(await payloads()).toEqual([JSON.stringify(everyN)]);
    });
  });

  it('fails a job whose bucket is not there', async () => {
    await enqueue(paths({ s3Paths: ['s3://nowhere/'] }));
    expect(await last()).toMatchObject({ data: { reason: { kind: 'aws.bucket_not_found' } } });
  });

  it('stops reading soon after the job was stopped, also when nothing comes', async () => {
    const endless = new EndlessFiles();
    files = endless;
    endless.put('bucket', 'in/1.json', '1\n');
    endless.onRead = () => void append(jobStopRequested());
    await enqueue(lines());
    expect((await history()).map(({ type }) => type)).toEqual(['JobSubmitted', 'JobStopRequested']);
    expect(await queue.list()).toEqual([]);
  });

  it('stops reading when it is told to end', async () => {
    const endless = new EndlessFiles();
    files = endless;
    endless.put('bucket', 'in/1.json', '1\n');
    const stopping = new AbortController();
    endless.onRead = () => stopping.abort(new Error('shutting down'));
    const submitted = await submit(lines());
    await expect(enqueuer().execute(submitted, stopping.signal)).rejects.toThrow('shutting down');
  });
});

const failure = (kind: string, message: string) => ({
  type: 'EnqueuingFailed',
  data: { jobId: A_JOB, reason: { kind, message } },
});

const total = (totalBatchCount: number, totalItemCount: number, skippedLineCount = 0) => ({
  type: 'EnqueuingCompleted',
  data: { jobId: A_JOB, totalBatchCount, totalItemCount, skippedLineCount },
});
