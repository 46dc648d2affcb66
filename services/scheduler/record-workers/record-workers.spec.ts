import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { WorkerReport } from '#libs/compute/compute.port.ts';
import { apiName, workerId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import type { WorkerState } from '#libs/domain/worker/worker.events.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { FaultPoints, FaultyEventStore } from '#test/support/fault-points.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { until } from '#test/support/until.ts';
import { RecordWorkers } from './record-workers.ts';

const AT = '2026-11-23T10:00:00.000Z';
const report = (state: WorkerState): WorkerReport => ({
  apiName: apiName('sum'),
  jobId: A_JOB,
  workerId: workerId(1),
  restart: 2,
  state,
  willRestart: false,
  reason: null,
  at: AT,
});

describe('RecordWorkers', () => {
  let faults: FaultPoints;
  let store: FaultyEventStore;
  let stopping: AbortController;
  let recorder: RecordWorkers;

  beforeEach(() => {
    faults = new FaultPoints();
    store = new FaultyEventStore(faults);
    stopping = new AbortController();
    recorder = new RecordWorkers(store, silentLogger, stopping.signal);
  });
  afterEach(() => stopping.abort());

  const recorded = async (): Promise<PlatformEvent[]> => {
    const events: PlatformEvent[] = [];
    for await (const entry of store.history(apiName('sum'), A_JOB)) {
      if (entry.kind === 'event') events.push(entry.logged.event);
    }
    return events;
  };
  const states = async (): Promise<unknown[]> =>
    (await recorded()).map((event) => event.type === 'WorkerStateChanged' && event.data.state);
  const untilRecorded = (count: number): Promise<boolean> =>
    until(`${count} states`, async () => (await states()).length === count);

  it('records a report with the time it was made at', async () => {
    recorder.add(report('running'));
    await untilRecorded(1);
    const { apiName: _name, at: _at, ...data } = report('running');
    expect(await recorded()).toEqual([{ type: 'WorkerStateChanged', data }]);
    for await (const entry of store.history(apiName('sum'), A_JOB)) {
      expect(entry).toMatchObject({ logged: { at: AT } });
    }
  });

  it('records why a replacement waits when that is known only later', async () => {
    const reason = { kind: 'worker.unschedulable', message: 'no node takes the pod' };
    recorder.add(report('pending'));
    await untilRecorded(1);
    recorder.add({ ...report('pending'), reason });
    await untilRecorded(2);
    expect((await recorded()).at(-1)).toMatchObject({ data: { state: 'pending', reason } });
  });

  it('keeps the order of reports, also of those that come while it is at work', async () => {
    const order: WorkerState[] = ['initializing', 'running', 'failed'];
    for (const state of order) recorder.add(report(state));
    await untilRecorded(3);
    expect(await states()).toEqual(order);
  });

  it('goes on in order when the log was away', async () => {
    faults.cutOffAfter(1, 'before');
    faults.cutOffAfter(2, 'after');
    const order: WorkerState[] = ['initializing', 'running', 'succeeded'];
    for (const state of order) recorder.add(report(state));
    await untilRecorded(3);
    expect(await states()).toEqual(order);
  });

  it('stops trying when it is told to end', async () => {
    faults.cutOffAfter(0, 'before');
    let tries = 0;
    faults.onWrite = async () => {
      tries += 1;
      stopping.abort();
    };
    recorder.add(report('initializing'));
    await until('the try', () => tries === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(tries).toBe(1);
    expect(await states()).toEqual([]);
  });

  it('records what comes after it was told to end, as long as the log is there', async () => {
    stopping.abort();
    recorder.add(report('succeeded'));
    await untilRecorded(1);
  });

  it('is settled once every report is in the log', async () => {
    const order: WorkerState[] = ['initializing', 'running', 'succeeded'];
    for (const state of order) recorder.add(report(state));
    stopping.abort();
    await recorder.settled();
    expect(await states()).toEqual(order);
  });
});
