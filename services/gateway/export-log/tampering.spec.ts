import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { digestOf } from '#libs/audit/event-digest.ts';
import { eventLine, readLine } from '#libs/audit/export-line.ts';
import { type AuditVerdict, ExportVerifier } from '#libs/audit/verify-export.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { anyHistory, submitted, type TimedEvent } from '#test/support/history.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { seal, writeHistory } from '#test/support/sealed-log.ts';
import { exportLog } from './export-log.ts';

const JOB = { apiName: apiName('sum'), jobId: A_JOB };
const OTHER = { apiName: apiName('product'), jobId: jobId('00000000000000bb') };
const WHOLE = { apiName: null, jobId: null };

const batches = (count: number, jobOf = A_JOB): TimedEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    event: batchSucceeded({ jobId: jobOf, index }),
    at: '2026-11-23T10:00:00.000Z',
  }));

async function linesOf(
  store: InMemoryEventStore,
  scope = WHOLE as ExportScopeOf,
): Promise<Buffer[]> {
  const lines: Buffer[] = [];
  const { signal } = new AbortController();
  for await (const line of exportLog(store, { scope, signal })) lines.push(line.subarray(0, -1));
  return lines;
}
type ExportScopeOf = Parameters<typeof exportLog>[1]['scope'];

function verdictOf(lines: readonly Buffer[]): AuditVerdict {
  const verifier = new ExportVerifier();
  for (const line of lines) verifier.take(line);
  return verifier.finish();
}

const eventOf = (line: Buffer): StoredEvent => {
  const read = readLine(line);
  if (read.kind !== 'event') throw new Error('no event');
  return read.event;
};

/** The line with another event, made as an export would make it: whoever tampers may know how. */
const forged = (line: Buffer, change: (event: StoredEvent) => StoredEvent): Buffer => {
  const event = change(eventOf(line));
  return eventLine(event, digestOf(event)).subarray(0, -1);
};
const withData = (event: StoredEvent): StoredEvent => ({
  ...event,
  cloudEvent: {
    ...event.cloudEvent,
    data: Buffer.from(Buffer.from(event.cloudEvent.data).toString().replace('{', '{"x":1,')),
  },
});

/** 1 start, then 3 intervals of 5 events and a checkpoint, 2 events that are not sealed, the end. */
let store: InMemoryEventStore;
let lines: Buffer[];
beforeEach(async () => {
  store = new InMemoryEventStore();
  await writeHistory(
    store,
    JOB,
    [{ event: submitted, at: '2026-11-23T09:00:00.000Z' }, ...batches(16)],
    5,
  );
  lines = await linesOf(store);
});

const lineAt = (index: number): Buffer => lines[index] ?? Buffer.alloc(0);

describe('an export that nobody touched', () => {
  it('is verified, and says what is not sealed yet', () => {
    expect(lines).toHaveLength(22);
    expect(verdictOf(lines)).toMatchObject({
      problems: [],
      eventCount: 20,
      checkpointCount: 3,
      unsealedCount: 2,
      newest: { position: 17 },
    });
  });

  it('of an empty log is verified', async () => {
    expect(verdictOf(await linesOf(new InMemoryEventStore()))).toMatchObject({
      problems: [],
      eventCount: 0,
      newest: null,
    });
  });

  it('has the data of each event byte for byte, also users’ JSON over several lines', async () => {
    const first = eventOf(lines[1] ?? Buffer.alloc(0));
    const data = Buffer.from('{"a": 9007199254740993,\n "b":1.10}');
    const event = { ...first, cloudEvent: { ...first.cloudEvent, data } };
    const line = eventLine(event, digestOf(event));
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(Buffer.from(eventOf(line.subarray(0, -1)).cloudEvent.data)).toEqual(data);
  });
});

describe.each([
  ['first', 1],
  ['middle', 8],
  ['last sealed', 17],
])('the %s event of an export', (_title, at) => {
  const replaced = (...by: readonly Buffer[]): Buffer[] => lines.toSpliced(at, 1, ...by);

  it('is named when it was changed', () => {
    const changed = Buffer.from(lineAt(at).toString().replace('"data":{', '"data":{"x":1,'));
    const [first] = verdictOf(replaced(changed)).problems;
    const { position, cloudEvent } = eventOf(lineAt(at));
    expect(first).toMatchObject({
      line: at + 1,
      positions: String(position),
      eventId: cloudEvent.id,
      message: 'the event is not what it was when it was exported',
    });
  });

  it('is found in its interval when it was changed with its digest', () => {
    const { problems } = verdictOf(replaced(forged(lineAt(at), withData)));
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/an event was changed|does not follow/),
    );
  });

  it('is missed by its position when it was dropped', () => {
    const { problems } = verdictOf(replaced());
    const { position } = eventOf(lineAt(at));
    const texts = problems.map(({ message }) => message);
    expect(texts.join()).toMatch(
      new RegExp(`an event was removed: .* nothing stands at ${position}\\b|does not follow`),
    );
    expect(texts).toContain('the export was made with 20 events and has 19');
  });

  it('is named when it changed places with the next one', () => {
    const swapped = lines.toSpliced(at, 2, lineAt(at + 1), lineAt(at));
    const { position } = eventOf(lineAt(at));
    expect(verdictOf(swapped).problems).toContainEqual(
      expect.objectContaining({ line: at + 2, positions: String(position) }),
    );
  });

  it('is found when it changed places and positions with the next one', () => {
    const [here, next] = [eventOf(lineAt(at)), eventOf(lineAt(at + 1))];
    const swapped = lines.toSpliced(
      at,
      2,
      forged(lineAt(at), () => ({ ...next, position: here.position })),
      forged(lineAt(at + 1), () => ({ ...here, position: next.position })),
    );
    expect(verdictOf(swapped).problems).not.toEqual([]);
  });

  it('is named when another one was inserted behind it', () => {
    const { problems } = verdictOf(replaced(lineAt(at), forged(lineAt(at), withData)));
    const { position } = eventOf(lineAt(at));
    expect(problems).toContainEqual(
      expect.objectContaining({
        line: at + 2,
        positions: String(position),
        message: 'two events stand at this position: one was inserted',
      }),
    );
  });
});

describe('an export that was cut', () => {
  it('is not complete without its last line', () => {
    expect(verdictOf(lines.slice(0, -1)).problems).toMatchObject([
      { line: 21, message: expect.stringMatching(/ends without its last line/) },
    ]);
  });

  it('misses events behind the last checkpoint too', () => {
    expect(verdictOf(lines.toSpliced(-2, 1)).problems).toMatchObject([
      { message: 'the export was made with 20 events and has 19' },
    ]);
  });

  it('is named by the line that is none', () => {
    const broken = lines.with(3, Buffer.from('{"specversion":"1.0"'));
    expect(verdictOf(broken).problems[0]).toMatchObject({ line: 4 });
    expect(verdictOf([]).problems).toMatchObject([{ line: 0 }]);
  });

  it('is found when a checkpoint and all that it covers are gone', () => {
    expect(verdictOf([...lines.slice(0, 7), ...lines.slice(13)]).problems).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/another checkpoint before it/) }),
    );
  });
});

describe('a part of a log', () => {
  beforeEach(async () => {
    await seal(store);
    await writeHistory(store, OTHER, batches(7, OTHER.jobId), 7);
    await writeHistory(store, JOB, batches(2), 2);
  });

  it('is verified with the digests of what it leaves out', async () => {
    const part = await linesOf(store, { apiName: 'sum', jobId: A_JOB });
    const kinds = part.map((line) => readLine(line).kind);
    expect(kinds.filter((kind) => kind === 'left-out')).toHaveLength(0);
    const other = await linesOf(store, { apiName: 'product', jobId: null });
    expect(verdictOf(part)).toMatchObject({ problems: [], passedOverCount: 1 });
    expect(verdictOf(other)).toMatchObject({ problems: [], passedOverCount: 5 });
  });

  it('is found to be changed', async () => {
    await writeHistory(store, OTHER, batches(3, OTHER.jobId));
    await writeHistory(store, JOB, batches(3), 3);
    const part = await linesOf(store, { apiName: 'product', jobId: OTHER.jobId });
    expect(part.map((line) => readLine(line).kind)).toContain('left-out');
    expect(verdictOf(part).problems).toEqual([]);
    const ofOther = part.flatMap((line, at) =>
      line.includes('jobs.00000000000000bb') ? [at] : [],
    );
    expect(ofOther).toHaveLength(10);
    for (const at of ofOther) {
      const line = part[at] ?? Buffer.alloc(0);
      expect(verdictOf(part.with(at, forged(line, withData))).problems).not.toEqual([]);
      expect(verdictOf(part.toSpliced(at, 1)).problems).not.toEqual([]);
    }
  });
});

describe('any log', () => {
  it('is verified as it is, and not when any event of it was changed, dropped, moved or inserted', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyHistory.filter(({ length }) => length >= 2),
        fc.integer({ min: 1, max: 7 }),
        fc.nat(),
        async (history, sealEvery, draw) => {
          const log = new InMemoryEventStore();
          await writeHistory(log, JOB, history, sealEvery);
          await seal(log);
          const exported = await linesOf(log);
          expect(verdictOf(exported).problems).toEqual([]);
          const at = 1 + (draw % (exported.length - 3)); // Neither frame, nor the last checkpoint.
          const line = exported[at] ?? Buffer.alloc(0);
          const next = exported[at + 1] ?? Buffer.alloc(0);
          const tampered = [
            exported.with(at, forged(line, withData)),
            exported.toSpliced(at, 1),
            exported.toSpliced(at, 2, next, line),
            exported.toSpliced(at, 1, line, forged(line, withData)),
          ];
          for (const lie of tampered) expect(verdictOf(lie).problems).not.toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});
