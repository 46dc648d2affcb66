import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { END_STATUSES } from '../job/job-status-code.ts';
import { apiName, type JobId, jobId } from '../kernel/ids.ts';
import { type EndedJob, EndedJobTable } from './ended-job-table.ts';

const hex16 = (value: bigint): string => value.toString(16).padStart(16, '0');
/** Few, so that some are added twice and deleted, and of all sizes. */
const ids = fc
  .oneof(
    fc.bigInt({ min: 0n, max: 40n }),
    fc.bigInt({ min: 0x7fffffffn, max: 0x80000010n }),
    fc.bigInt({ min: 2n ** 64n - 30n, max: 2n ** 64n - 1n }),
  )
  .map((value): JobId => jobId(hex16(value)));
const apis = fc.constantFrom('sum', 'mean', 'ü').map(apiName);

const jobs: fc.Arbitrary<EndedJob> = fc.record({
  jobId: ids,
  apiName: apis,
  status: fc.constantFrom(...END_STATUSES),
  createdAtMs: fc.nat({ max: 2 ** 41 }),
  position: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  digest: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(hex16),
});

const tableOf = (rows: Iterable<EndedJob>): EndedJobTable => {
  const table = new EndedJobTable();
  for (const job of rows) table.set(job);
  return table;
};
const all = { apiName: null, statuses: null, after: null };
const byId = (a: EndedJob, b: EndedJob): number => (a.jobId < b.jobId ? -1 : 1);

const many = (count: number): EndedJob[] =>
  Array.from({ length: count }, (_, n) => ({
    jobId: jobId(hex16(BigInt((n * 7919) % count))),
    apiName: apiName(n % 3 === 0 ? 'sum' : 'mean'),
    status: 'succeeded',
    createdAtMs: n,
    position: n,
    digest: hex16(BigInt(n)),
  }));

describe('the table of ended jobs', () => {
  it('knows what a map of them knows', () => {
    const changes = fc.array(fc.oneof(jobs, ids), { maxLength: 120 });
    const filter = fc.record({
      apiName: fc.option(apis),
      statuses: fc.option(fc.subarray([...END_STATUSES])),
      after: fc.option(ids),
    });
    fc.assert(
      fc.property(changes, filter, fc.nat({ max: 20 }), ids, (given, wanted, countMax, asked) => {
        const table = new EndedJobTable();
        const map = new Map<JobId, EndedJob>();
        for (const change of given) {
          if (typeof change === 'string') {
            table.delete(change);
            map.delete(change);
          } else {
            table.set(change);
            map.set(change.jobId, change);
          }
        }
        const sorted = [...map.values()].sort(byId);
        expect(table.size).toBe(map.size);
        expect(table.get(asked)).toEqual(map.get(asked) ?? null);
        expect(table.select(wanted, countMax)).toEqual(
          sorted
            .filter(({ apiName: api }) => wanted.apiName === null || api === wanted.apiName)
            .filter(({ status }) => wanted.statuses === null || wanted.statuses.includes(status))
            .filter(({ jobId: id }) => wanted.after === null || id > wanted.after)
            .slice(0, countMax),
        );
        const newest = Map.groupBy(sorted, (job) => job.apiName);
        expect(table.newestByApi()).toEqual(
          new Map([...newest].map(([name, [first]]) => [name, first])),
        );
        expect(EndedJobTable.restore(table.snapshot()).snapshot()).toEqual(
          tableOf(sorted).snapshot(),
        );
      }),
    );
  });

  it('finds each of many, added in any order, also after it was restored', () => {
    const given = many(5000);
    const table = tableOf(given);
    const restored = EndedJobTable.restore(table.snapshot());
    for (const each of [table, restored]) {
      expect(each.size).toBe(5000);
      expect(each.select(all, 10_000)).toEqual([...given].sort(byId));
      for (const job of given.slice(0, 50)) expect(each.get(job.jobId)).toEqual(job);
    }
    for (const { jobId: id } of given.slice(0, 4990)) restored.delete(id);
    expect(restored.select(all, 100)).toEqual(given.slice(4990).sort(byId));
    expect(new Set(restored.changedAfter(4995).map(({ position }) => position))).toEqual(
      new Set([4996, 4997, 4998, 4999]),
    );
  });

  it('is 40 bytes a job', () => {
    expect(tableOf(many(1000)).snapshot().rows).toHaveLength(40_000);
  });

  it.each([
    ['00000000000000aa', '2026-11-23T10:00:00.000Z', true],
    ['00000000000000AA', '2026-11-23T10:00:00.000Z', false],
    ['aa', '2026-11-23T10:00:00.000Z', false],
    ['00000000000000aa', '2026-11-23T10:00:00Z', false],
    ['00000000000000aa', 'soon', false],
  ])('can hold %s of %s: %s', (id, createdAt, expected) => {
    expect(EndedJobTable.canHold(jobId(id), createdAt)).toBe(expected);
    expect(new EndedJobTable().get(jobId(id))).toBeNull();
  });
});
