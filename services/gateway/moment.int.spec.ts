import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';
import { workerStateChanged } from '#test/support/worker.builders.ts';
import { until } from '#test/support/until.ts';

let gateway: TestGateway;
let job: string;
beforeEach(async () => {
  gateway = await TestGateway.start();
  await gateway.deploy();
  const response = await gateway.request('POST', '/sum', { body: aSubmission() });
  job = ((await response.json()) as { job_id: string }).job_id;
});
afterEach(() => gateway.stop());

const PATHS = [
  '/v1/jobs/JOB',
  '/sum?jobID=JOB',
  '/v1/jobs/JOB/workers',
  '/v1/jobs?api=sum',
] as const;
const ask = async (path: string): Promise<{ status: number; body: string }> => {
  const response = await gateway.request('GET', path.replace('JOB', job));
  return { status: response.status, body: await response.text() };
};
const at = (path: string, moment: string | number): string =>
  `${path}${path.includes('?') ? '&' : '?'}at=${encodeURIComponent(moment)}`;
/** A time by which everything up to now was stored, and nothing later. */
async function aMomentLater(): Promise<string> {
  const now = Date.now();
  await until('the clock to go on', () => Date.now() > now + 1);
  return new Date(now + 1).toISOString();
}

/** The job's worker fails. */
async function fail(): Promise<void> {
  const event = workerStateChanged({ jobId: jobId(job), state: 'failed' });
  const lane = { kind: 'worker', apiName: apiName('sum'), jobId: jobId(job) } as const;
  const fact = { id: eventId(event), at: new Date().toISOString(), event };
  await gateway.store.record(lane, [fact]);
}

describe('?at=', () => {
  it.each(PATHS)('of %s answers what was answered then, to the byte', async (path) => {
    const then = await ask(path);
    const position = await gateway.store.lastPosition();
    const time = await aMomentLater();
    await until('another millisecond', () => Date.now() > Date.parse(time));
    await fail();
    await gateway.completeJob('sum', job);
    await gateway.deploy({ node_groups: ['cpu'] });
    const now = await ask(path);

    expect(now).not.toEqual(then);
    expect(await ask(at(path, position))).toEqual(then);
    expect(await ask(at(path, time))).toEqual(then);
    expect(await ask(at(path, time.replace('Z', '+00:00')))).toEqual(then);
    expect(await ask(at(path, position + 2))).toEqual(now);
    expect(await ask(at(path, ''))).toEqual(now);
  });

  it('counts stalled workers by the time that is asked about', async () => {
    const position = await gateway.store.lastPosition();
    gateway.queries.stalledRule = () => ({ nowMs: Date.now() + 600_001, stalledAfterMs: 600_000 });
    expect((await ask('/v1/jobs/JOB/workers')).body).toContain('"state":"stalled"');
    expect((await ask(at('/v1/jobs/JOB/workers', position))).body).toContain('"state":"pending"');
  });

  it('does not find a job that was not submitted yet', async () => {
    for (const moment of ['0', '1', '2001-02-03T04:05:06Z']) {
      expect(await ask(at('/v1/jobs/JOB', moment))).toMatchObject({ status: 404 });
      expect(await ask(at('/sum?jobID=JOB', moment))).toMatchObject({ status: 404 });
      expect(await ask(at('/v1/jobs/JOB/workers', moment))).toMatchObject({ status: 404 });
      expect((await ask(at('/v1/jobs', moment))).body).toBe('{"jobs":[],"next_cursor":null}');
    }
  });

  it.each([
    [
      'yesterday',
      'field.invalid',
      'must be a time (RFC 3339, with + written as %2B) or a position',
    ],
    ['2026-13-01T00:00:00Z', 'field.invalid', '(got \\"2026-13-01T00:00:00Z\\")'],
    ['2999-01-01T00:00:00Z', 'at.not_yet', '2999-01-01T00:00:00Z has not come yet'],
    ['999999', 'at.not_yet', 'position 999999 is behind the end of the log, 2'],
  ])('refuses %s', async (moment, kind, message) => {
    for (const path of PATHS) {
      const { status, body } = await ask(at(path, moment));
      expect([status, body]).toEqual([400, expect.stringContaining(kind)]);
      expect(body).toContain(message);
    }
  });
});
