import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { storedEvents } from '#test/support/sealed-log.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import {
  API,
  batchLane,
  eventStoreContract,
  jobLane,
  type OpenedStore,
  submitted,
  succeeded,
} from '../event-store.contract.ts';
import { EMPTY_LANE } from '../event-store.port.ts';
import { lifecycleSharingContract } from '../lifecycle-sharing.contract.ts';
import { lookingBackContract } from '../looking-back.contract.ts';
import { archiveLaneContract, archivingContract } from '../archiving.contract.ts';
import { olderLog, oneByOne, restoringContract } from '../restoring.contract.ts';
import { JetStreamEventStore } from './jetstream-event-store.ts';

async function open(): Promise<OpenedStore> {
  const server = await TestNatsServer.start();
  const connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  const store = await JetStreamEventStore.open(connection, { logger: silentLogger });
  return {
    store,
    close: async () => {
      await store.close();
      await connection.close();
      await server.stop();
    },
  };
}

eventStoreContract(open);
lifecycleSharingContract(open);
lookingBackContract(open);
restoringContract(open);

describe('a job that leaves the log while it is read', () => {
  it('is not taken for a shorter one', async () => {
    const opened = await open();
    const { store } = opened;
    const job = { apiName: API, jobId: A_JOB };
    await store.append(jobLane(), submitted(), EMPTY_LANE);
    await store.record(batchLane(), succeeded(9000)); // More than a reader has ahead.
    const history = store.history(API, A_JOB)[Symbol.asyncIterator]();
    expect((await history.next()).done).toBe(false);
    await store.purge(job, await store.lastPosition());
    const rest = async (): Promise<void> => {
      while ((await history.next()).done !== true);
    };
    await expect(rest()).rejects.toThrow('left the log while they were read');
    await opened.close();
  });
});

archiveLaneContract(open);
archivingContract(open);

it('keeps the gaps of a log that it is filled with', async () => {
  const opened = await open();
  const { store } = opened;
  const events = (await olderLog()).map((event) => ({ ...event, position: 3 * event.position }));
  await store.restore(oneByOne(events));
  const wanted = events.map(({ position }) => position);
  expect((await storedEvents(store)).map(({ position }) => position)).toEqual(wanted);
  expect(await store.momentAt(5)).toEqual({ position: 3, storedAt: events[0]?.storedAt });
  for (const { position, storedAt } of events) {
    expect(await store.momentAt(new Date(storedAt))).toEqual({ position, storedAt });
  }
  await opened.close();
});
