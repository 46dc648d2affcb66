import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '#libs/platform/logger.ts';
import { TestKurrentServer } from '#test/support/kurrentdb/kurrentdb-server.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { archiveLaneContract } from '../archiving.contract.ts';
import {
  API,
  eventStoreContract,
  jobLane,
  type OpenedStore,
  submitted,
} from '../event-store.contract.ts';
import { lifecycleSharingContract } from '../lifecycle-sharing.contract.ts';
import { lookingBackContract } from '../looking-back.contract.ts';
import { EMPTY_LANE, PurgeRefused, RestoreRefused } from '../event-store.port.ts';
import { oneByOne, olderLog } from '../restoring.contract.ts';
import { KurrentDbEventStore } from './kurrentdb-event-store.ts';

async function open(): Promise<OpenedStore> {
  const server = await TestKurrentServer.start();
  const store = await KurrentDbEventStore.open(server.url, { logger: silentLogger });
  return {
    store,
    close: async () => {
      await store.close();
      await server.stop();
    },
  };
}

describe('on gRPC in this process', () => {
  eventStoreContract(open);
  lifecycleSharingContract(open);
  lookingBackContract(open);
  archiveLaneContract(open);

  it('refuses to let go of events', async () => {
    const opened = await open();
    const { store } = opened;
    const job = { apiName: API, jobId: A_JOB };
    await store.append(jobLane(), submitted(), EMPTY_LANE);
    await expect(store.purge(job, 1)).rejects.toThrow(PurgeRefused);
    expect((await store.read(jobLane())).events).toHaveLength(1);
    await opened.close();
  });

  it('refuses to be filled with another log', async () => {
    const opened = await open();
    const filled = opened.store.restore(oneByOne(await olderLog()));
    await expect(filled).rejects.toBeInstanceOf(RestoreRefused);
    await opened.close();
  });
});

const realUrl = process.env['KURRENTDB_URL'] ?? '';
if (realUrl === '') {
  process.stderr.write('not checked on a real KurrentDB: KURRENTDB_URL is not set\n');
} else {
  /** Each log is one of its own in the same database. */
  const openReal = async (): Promise<OpenedStore> => {
    const log = `spec${crypto.randomUUID().replaceAll('-', '')}`;
    const store = await KurrentDbEventStore.open(realUrl, { logger: silentLogger, log });
    return { store, close: () => store.close() };
  };
  describe('on the KurrentDB at KURRENTDB_URL', () => {
    eventStoreContract(openReal);
    lifecycleSharingContract(openReal);
    lookingBackContract(openReal);
    archiveLaneContract(openReal);
  });
}
