import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { storedEvents, writeHistory } from '#test/support/sealed-log.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { submitted as aSubmission } from '#test/support/history.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { API, jobLane, type OpenedStore, stopRequested } from './event-store.contract.ts';
import { RestoreRefused } from './event-store.port.ts';
import { InMemoryEventStore } from './in-memory/in-memory-event-store.ts';
import type { StoredEvent } from './stored-event.ts';

export async function* oneByOne(events: readonly StoredEvent[]): AsyncGenerator<StoredEvent> {
  for (const event of events) {
    await Promise.resolve();
    yield event;
  }
}

/** A log of an hour ago, one event a second: a submission, three batches, a checkpoint behind each second. */
export async function olderLog(): Promise<StoredEvent[]> {
  const source = new InMemoryEventStore();
  const at = '2026-11-23T10:00:00.000Z';
  const batches = [0, 1, 2].map((index) => ({ event: batchSucceeded({ index }), at }));
  const history = [{ event: aSubmission, at }, ...batches];
  await writeHistory(source, { apiName: API, jobId: A_JOB }, history, 2);
  const startMs = Date.now() - 3_600_000;
  return (await storedEvents(source)).map((event, place) => ({
    ...event,
    storedAt: new Date(startMs + place * 1000).toISOString(),
  }));
}

const plain = (list: readonly StoredEvent[]) =>
  list.map(({ cloudEvent: { data, ...attributes }, ...place }) => ({
    ...place,
    ...attributes,
    text: Buffer.from(data).toString(),
  }));

/** What every `EventStore` that can be filled with another log must do. */
export function restoringContract(open: () => Promise<OpenedStore>): void {
  describe('filling an empty log', () => {
    let opened: OpenedStore;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    it('gives the same events at the same positions and times', async () => {
      const events = await olderLog();
      await opened.store.restore(oneByOne(events));
      const restored = await storedEvents(opened.store);
      expect(plain(restored)).toEqual(plain(events));
    });

    it('finds moments by the times at which the other log stored', async () => {
      const events = await olderLog();
      await opened.store.restore(oneByOne(events));
      for (const { position, storedAt } of events) {
        const ms = Date.parse(storedAt);
        expect(await opened.store.momentAt(position)).toEqual({ position, storedAt });
        expect(await opened.store.momentAt(new Date(ms))).toEqual({ position, storedAt });
        expect((await opened.store.momentAt(new Date(ms - 1)))?.position ?? 0).toBe(position - 1);
      }
      const now = await opened.store.momentAt(new Date(Date.now() - 60_000));
      expect(now?.position).toBe(events.length);
    });

    it('leaves lanes that are decided on further', async () => {
      await opened.store.restore(oneByOne(await olderLog()));
      const { events, version } = await opened.store.read(jobLane());
      expect(events).toMatchObject([{ event: { type: 'JobSubmitted' } }]);
      await opened.store.append(jobLane(), stopRequested(), version);
      expect((await opened.store.read(jobLane())).events).toHaveLength(2);
    });

    it('refuses a log that is not empty', async () => {
      const events = await olderLog();
      await opened.store.restore(oneByOne(events));
      await expect(opened.store.restore(oneByOne(events))).rejects.toBeInstanceOf(RestoreRefused);
    });
  });
}
