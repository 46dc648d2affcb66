import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { join } from 'node:path';
import { TestKurrentServer } from '#test/support/kurrentdb/kurrentdb-server.ts';
import type { StoredEvent } from '#test/support/kurrentdb/stored-log.ts';
import { eventsOf } from '#test/support/log-reader.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { type RecordedCall, Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';

// The whole platform with its log in KurrentDB, which is gRPC in this process. What the log says is
// read in NATS, where the relay copies it, as integrations do.

const TEST_MS_MAX = 180_000;
const JOB_MS_MAX = 120_000;
/** As the guide asks. */
const HEALTH_QUESTION = '{"pattern":"cortex.health.relay","data":{},"id":"1"}';

let kurrent: TestKurrentServer;
let platform: TestPlatform;

beforeAll(async () => {
  kurrent = await TestKurrentServer.start();
  platform = await startPlatform({
    env: {
      EVENT_STORE: 'kurrentdb',
      KURRENTDB_URL: kurrent.url,
      LEASE_MS: '1500',
      LEADER_TTL_MS: '1000',
    },
  });
  platform.addInstance('relay', 'relay');
}, TEST_MS_MAX);
afterAll(async () => {
  await platform.stop();
  await kurrent.stop();
}, TEST_MS_MAX);

async function deployRecorder(name: string): Promise<Recording> {
  const recording = new Recording(join(platform.dataDir, `records-${name}`));
  await platform.deploy(recording.api(name));
  return recording;
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `item ${n}`);
const ofLog = (): readonly StoredEvent[] =>
  kurrent.log.all.filter(({ stream }) => stream.startsWith('cortex.'));
const idsOfLog = (): string[] =>
  ofLog().map(
    ({ metadata }) => (JSON.parse(Buffer.from(metadata).toString()) as { id: string }).id,
  );
const isInLog = (type: string, jobId: string): boolean =>
  ofLog().some((event) => event.type.includes(`.${type}.`) && event.stream.includes(jobId));

async function expectExactEnd(
  job: { readonly api: string; readonly jobId: string },
  batchCount: number,
): Promise<void> {
  const status = await platform.waitForJob(job, undefined, JOB_MS_MAX);
  expect(status).toMatchObject({
    status: 'succeeded',
    total_batch_count: batchCount,
    batch_metrics: { succeeded: batchCount },
    batch_counts: { enqueued: batchCount, succeeded: batchCount, remaining: 0, cancelled: 0 },
  });
  await until('the relay to be done', async () => {
    return (await eventsOf(platform.natsUrl, job, 'JobCompleted')).length > 0;
  });
  expect(await eventsOf(platform.natsUrl, job, 'JobCompleted')).toHaveLength(1);
}

const idsOf = (calls: readonly RecordedCall[]): (string | undefined)[] =>
  calls.map(({ headers }) => headers['x-cortex-batch-id']);

describe('the platform with its log in KurrentDB', () => {
  it(
    'brings a job to its end when the enqueuer is killed in the middle of the list',
    async () => {
      const recording = await deployRecorder('enqueuer-killed');
      const items = numbered(4000);
      const { job_id: jobId } = await platform.submit('enqueuer-killed', {
        workers: 2,
        item_list: { items, batch_size: 1 },
      });
      await until('the first chunk', () => isInLog('BatchEnqueued', jobId));
      await platform.kill('enqueuer');
      expect(isInLog('EnqueuingCompleted', jobId)).toBe(false);
      await platform.restart('enqueuer');

      await expectExactEnd({ api: 'enqueuer-killed', jobId }, 4000);
      // Nothing was enqueued twice. A worker that is held up may lose a lease: another attempt.
      const first = recording.batchCalls.filter(
        ({ headers }) => headers['x-cortex-attempt'] === '1',
      );
      expect(new Set(idsOf(recording.batchCalls)).size).toBe(4000);
      expect(new Set(idsOf(first)).size).toBe(first.length);
    },
    TEST_MS_MAX,
  );

  it(
    'brings a job to its end when the scheduler is killed before the completion',
    async () => {
      const recording = await deployRecorder('scheduler-killed');
      recording.hold('hold-completion');
      const { job_id: jobId } = await platform.submit('scheduler-killed', {
        workers: 2,
        item_list: { items: numbered(50), batch_size: 5 },
      });
      await until('the completion call', () => recording.completionCalls.length > 0);
      await platform.kill('scheduler');
      recording.letGo('hold-completion');
      await platform.restart('scheduler');

      await expectExactEnd({ api: 'scheduler-killed', jobId }, 10);
    },
    TEST_MS_MAX,
  );

  it(
    'shows an integration on plain NATS every event once, also when the relay is killed',
    async () => {
      await deployRecorder('integrated');
      const nats = await connect({ servers: platform.natsUrl });
      const consumer = await jetstream(nats).consumers.get('CORTEX_EVENTS');
      const messages = await consumer.consume();
      const seen: string[] = [];
      const reading = (async () => {
        for await (const message of messages) seen.push(message.headers?.get('ce-id') ?? '');
      })();

      for (let n = 0; n < 3; n++) {
        const { job_id: jobId } = await platform.submit('integrated', {
          workers: 1,
          item_list: { items: numbered(200), batch_size: 1 },
        });
        await until('outcomes', () => isInLog('BatchSucceeded', jobId));
        await platform.restart('relay');
        await expectExactEnd({ api: 'integrated', jobId }, 200);
      }

      await until('all events', () => seen.length >= ofLog().length);
      const answer = await nats.request('cortex.health.relay', HEALTH_QUESTION, { timeout: 5000 });
      const { response } = answer.json<{ response: { details: Record<string, unknown> } }>();
      const end = Number(ofLog().at(-1)?.position);
      expect(response.details).toEqual({ isLeading: true, position: end, logPosition: end });

      expect(seen).toEqual(idsOfLog());
      expect(new Set(seen).size).toBe(seen.length);
      await messages.close();
      await reading;
      await nats.close();
    },
    TEST_MS_MAX,
  );
});
