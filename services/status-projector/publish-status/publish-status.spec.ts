import { describe, expect, it } from '@jest/globals';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { InMemoryLeaderLease } from '#libs/leader-lease/in-memory/in-memory-leader-lease.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { NEVER_STALLED } from '#test/support/view.builders.ts';
import { PublishStatus } from './publish-status.ts';

describe('PublishStatus', () => {
  it('begins later when the log could not be asked at first', async () => {
    const stopping = new AbortController();
    const begun = Promise.withResolvers<void>();
    let asked = 0;
    const publisher = new PublishStatus({
      store: new InMemoryEventStore(),
      followed: {
        view: new PlatformView(),
        position: 0,
        job: () => Promise.resolve(null),
        caughtUp: async () => {
          if (++asked === 1) throw new Error('no answer');
        },
      },
      feed: {
        publish: () => {},
        onLost: () => {
          begun.resolve();
          return () => {};
        },
      },
      lease: new InMemoryLeaderLease(),
      clock: systemClock,
      stalledRule: () => NEVER_STALLED,
      logger: silentLogger,
    });
    const running = publisher.run(stopping.signal);
    await begun.promise;
    expect(asked).toBe(2);
    stopping.abort();
    await running;
  });
});
