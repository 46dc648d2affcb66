import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { followedEntries } from '#test/support/followed-entries.ts';
import { A_JOB, aJobSubmitted, jobStopRequested } from '#test/support/job.builders.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { factOf, succeeded } from '../event-store.contract.ts';
import {
  type DecisionLane,
  EMPTY_LANE,
  type FactLane,
  type LogEntry,
  VersionConflict,
} from '../event-store.port.ts';
import { JetStreamEventStore } from './jetstream-event-store.ts';

const API = apiName('sum');
const jobLane: DecisionLane<JobEvent> = { kind: 'job', apiName: API, jobId: A_JOB };
const batchLane = { kind: 'batch', apiName: API, jobId: A_JOB } satisfies FactLane;
const JOB_SUBJECT = `cortex.events.sum.jobs.${A_JOB}.job`;
const BATCH_SUBJECT = `cortex.events.sum.jobs.${A_JOB}.batch`;

let server: TestNatsServer;
let connection: NatsConnection;
let store: JetStreamEventStore;
let stop: AbortController;

beforeEach(async () => {
  stop = new AbortController();
  server = await TestNatsServer.start();
  connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  store = await JetStreamEventStore.open(connection, { logger: silentLogger });
});
afterEach(async () => {
  stop.abort();
  await store.close();
  await connection.close();
  await server.stop();
});

/** Publishes as somebody without our libraries would. */
async function publishByHand(
  subject: string,
  given: Readonly<Record<string, string>>,
  payload: string,
): Promise<void> {
  const handmade = headers();
  for (const [name, value] of Object.entries(given)) handmade.set(name, value);
  await connection.request(subject, payload, { headers: handmade, timeout: 5000 });
}
const attributes = (type: string): Record<string, string> => ({
  'ce-specversion': '1.0',
  'ce-id': crypto.randomUUID(),
  'ce-source': '/by-hand',
  'ce-type': type,
  'ce-time': '2026-01-01T01:00:00+01:00',
});
const STOP_JSON = `{"jobId":"${A_JOB}","reason":null}`;

const collect = (count: number, onGroup: (soFar: number) => Promise<void>): Promise<LogEntry[]> =>
  followedEntries({ store, signal: stop.signal }, count, onGroup);
describe('messages that nobody of ours wrote', () => {
  it.each([
    ['an unknown type', attributes('dev.cortex.batch.BatchMelted.v1'), '{}', /unknown event type/],
    ['a newer version', attributes('dev.cortex.batch.BatchSucceeded.v7'), '{}', /newer/],
    ['malformed JSON', attributes('dev.cortex.batch.BatchSucceeded.v1'), '{"', /malformed JSON/],
    ['a missing member', attributes('dev.cortex.batch.JobStarted.v1'), '{}', /data\.jobId/],
    ['another lane', attributes('dev.cortex.batch.JobStopRequested.v1'), STOP_JSON, /this lane/],
    ['no attributes', {}, 'hello', /specversion is missing/],
    ['no time', { ...attributes('x'), 'ce-time': 'soon' }, '{}', /time/],
  ])('with %s are unreadable entries, and the log goes on', async (_, given, payload, problem) => {
    await publishByHand(BATCH_SUBJECT, given, payload);
    await store.record(batchLane, succeeded(1));
    const [unreadable, event] = await collect(2, async () => {});
    expect(unreadable).toMatchObject({
      kind: 'unreadable',
      unreadable: { position: 1, subject: BATCH_SUBJECT, problem: expect.stringMatching(problem) },
    });
    expect(event).toMatchObject({ kind: 'event', logged: { position: 2 } });
  });

  it('are events when they are CloudEvents of a known type, in any mode', async () => {
    const type = 'dev.cortex.batch.JobStopRequested.v1';
    const { 'ce-time': time, ...others } = attributes(type);
    await publishByHand(JOB_SUBJECT, { ...others, 'Ce-Time': time ?? '' }, STOP_JSON);
    const structured = `{"specversion":"1.0","id":"1","source":"/x","type":"${type}","time":"2026-01-01T00:00:00Z","data":${STOP_JSON}}`;
    await publishByHand(
      JOB_SUBJECT,
      { 'Content-Type': 'application/cloudevents+json' },
      structured,
    );
    const expected = {
      kind: 'event',
      logged: { at: '2026-01-01T00:00:00.000Z', event: { type: 'JobStopRequested' } },
    };
    expect(await collect(2, async () => {})).toMatchObject([expected, expected]);
  });

  it('in a lane are read with it, and do not disturb its versions', async () => {
    const version = await store.append(jobLane, factOf(aJobSubmitted()), EMPTY_LANE);
    await publishByHand(JOB_SUBJECT, attributes('dev.cortex.batch.JobStopRequested.v1'), STOP_JSON);
    await publishByHand(JOB_SUBJECT, {}, 'not an event');
    await expect(store.append(jobLane, factOf(jobStopRequested()), version)).rejects.toBeInstanceOf(
      VersionConflict,
    );

    const lane = await store.read(jobLane);
    expect(lane.events.map(({ event }) => event.type)).toEqual([
      'JobSubmitted',
      'JobStopRequested',
    ]);
    await store.append(jobLane, { ...factOf(jobStopRequested()), id: 'again' }, lane.version);
    expect((await store.read(jobLane)).events).toHaveLength(3);
  });

  it('keep a lane from being decided on when a newer version wrote them', async () => {
    await store.append(jobLane, factOf(aJobSubmitted()), EMPTY_LANE);
    await publishByHand(JOB_SUBJECT, attributes('dev.cortex.batch.JobCompleted.v2'), '{}');
    await expect(store.read(jobLane)).rejects.toThrow(/version 2 is newer/);
  });

  it('are skipped by those who share lifecycle events', async () => {
    await publishByHand(JOB_SUBJECT, {}, 'not an event');
    await publishByHand(JOB_SUBJECT, attributes('dev.cortex.batch.JobCompleted.v2'), '{}');
    await store.append(jobLane, factOf(aJobSubmitted()), await store.lastPosition());
    const group = store.shareLifecycle('g', { leaseMs: 1000, signal: stop.signal });
    const { value } = await group[Symbol.asyncIterator]().next();
    expect(value).toMatchObject({ logged: { event: { type: 'JobSubmitted' } } });
  });
});
