import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { askVitals, type ProjectorVitals, tellVitals } from '#libs/messaging/projector-vitals.ts';
import { type HealthAnswer, healthPattern } from '#libs/messaging/queries.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats, type NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { ViewLag } from '#libs/projection/view-lag.ts';
import { batchesEnqueued } from '#test/support/batch.builders.ts';
import { startStatusProjector } from '#test/support/gateway-status-projector.ts';
import { aJobSubmitted } from '#test/support/job.builders.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { entry, ScriptedLog } from '#test/support/scripted-log.ts';
import { until } from '#test/support/until.ts';
import { viewOf } from '#test/support/view.builders.ts';
import { Vitals } from './vitals.ts';

let server: TestNatsServer;
let nats: NatsConnection;

beforeAll(async () => {
  server = await TestNatsServer.start();
  nats = await connectNats(server.url, { name: 'test', logger: silentLogger });
});
afterAll(async () => {
  await nats.close();
  await server.stop();
});

const told = (instance: string): ProjectorVitals => ({
  instance,
  position: 1,
  lagEvents: null,
  lagMs: 10,
  parkedEvents: 0,
  activeJobs: { pending: 1, enqueuing: 0, running: 0 },
  residentBytes: 1,
});

describe('how a projector is', () => {
  let log: ScriptedLog;
  let client: NatsRequestClient;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    log = new ScriptedLog([entry(1, aJobSubmitted()), entry(2, batchesEnqueued())]);
    log.showUpTo(0);
    client = new NatsRequestClient(server.url);
    stop = await startStatusProjector(log, server.url);
  });
  afterEach(async () => {
    await client.close();
    await stop();
  });

  const health = (): Promise<HealthAnswer> =>
    client.ask<HealthAnswer>(healthPattern('status-projector'), {}, 2000);

  it('is told while it is behind, without waiting for the rest', async () => {
    const { isReady, details } = await health();
    expect(isReady).toBe(true);
    expect(details).toMatchObject({ position: 0, lagEvents: 2, jobs: 0, parkedEvents: 0 });

    log.showUpTo(1);
    await until('the first event', async () => (await health()).details['position'] === 1);
    log.showUpTo(2);
    await until('the end', async () => (await health()).details['lagEvents'] === 0);
    expect(await health()).toMatchObject({ isReady: true, details: { lagSeconds: 0, jobs: 1 } });
  });
});

describe('the readiness of a projector', () => {
  const vitals = new Vitals(
    { position: 1, view: viewOf(), parked: [] },
    { measure: () => Promise.resolve({ events: null, ms: 0 }) },
    5000,
  );
  it.each([
    [0, 0, true],
    [7, 5000, true],
    [7, 5001, false],
    [null, 0, false],
  ])('with %p events and %p ms behind is %p', (lagEvents, lagMs, isReady) => {
    expect(vitals.isReady({ lagEvents, lagMs })).toBe(isReady);
  });
});

describe('the vitals of all projectors', () => {
  it('are none when there is no projector', async () => {
    expect(await askVitals(nats)).toEqual([]);
  });

  it('come from each that can say, and nothing else is taken for one', async () => {
    const connections = await Promise.all(
      ['a', 'b', 'c'].map((name) => connectNats(server.url, { name, logger: silentLogger })),
    );
    const [a, b, c] = connections;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three connected');
    tellVitals(a, () => Promise.resolve(told('a')));
    tellVitals(b, () => Promise.reject(new Error('it cannot say')));
    c.subscribe('cortex.vitals.*', { callback: (_, message) => void message.respond('{"x":') });
    tellVitals(c, async () => {
      const { events } = await new ViewLag(
        { position: 0, newestAt: null },
        { lastPosition: () => Promise.resolve(3) },
        systemClock,
      ).measure();
      return { ...told('c'), lagEvents: events };
    });
    await Promise.all(connections.map((connection) => connection.flush()));
    const answers = await askVitals(nats);
    expect(answers.toSorted((one, other) => (one.instance < other.instance ? -1 : 1))).toEqual([
      told('a'),
      { ...told('c'), lagEvents: 3 },
    ]);
    await Promise.all(connections.map((connection) => connection.close()));
  });
});
