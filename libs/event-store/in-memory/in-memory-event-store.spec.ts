import { describe, expect, it } from '@jest/globals';
import { install } from '@sinonjs/fake-timers';
import {
  batchLane,
  eventStoreContract,
  type OpenedStore,
  succeeded,
} from '../event-store.contract.ts';
import { lifecycleSharingContract } from '../lifecycle-sharing.contract.ts';
import { lookingBackContract } from '../looking-back.contract.ts';
import { archiveLaneContract, archivingContract } from '../archiving.contract.ts';
import { restoringContract } from '../restoring.contract.ts';
import { InMemoryEventStore } from './in-memory-event-store.ts';

const open = async (): Promise<OpenedStore> => ({
  store: new InMemoryEventStore(),
  close: async () => {},
});

eventStoreContract(open);
lifecycleSharingContract(open);
lookingBackContract(open);
restoringContract(open);
archiveLaneContract(open);
archivingContract(open);

describe('InMemoryEventStore', () => {
  it('forgets ids of facts after a minute, as the real one does', async () => {
    const time = install({ toFake: ['performance'] });
    try {
      const store = new InMemoryEventStore();
      const record = async (): Promise<number> => {
        await store.record(batchLane(), succeeded(1));
        return store.lastPosition();
      };
      expect([await record(), await record()]).toEqual([1, 1]);
      time.tick(59_000);
      expect(await record()).toBe(1);
      time.tick(1_000);
      expect(await record()).toBe(2);
    } finally {
      time.uninstall();
    }
  });
});
