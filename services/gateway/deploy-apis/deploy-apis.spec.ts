import { describe, expect, it } from '@jest/globals';
import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import type { DecisionLane, Fact } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { FoldedStatusQueries } from '#test/support/gateway-status-queries.ts';
import { aPodApi } from '#test/support/gateway.ts';
import { TimeIds } from '../time-ids.ts';
import { DeployApis } from './deploy-apis.ts';

const clock = (): Date => new Date('2026-11-23T10:00:00.000Z');
const lane = { kind: 'api', apiName: apiName('sum') } as const;

/** Somebody else deletes each API as soon as it is deployed. */
class DeletingEventStore extends InMemoryEventStore {
  override async append(at: DecisionLane, fact: Fact, expectedVersion: number): Promise<Position> {
    const position = await super.append(at, fact, expectedVersion);
    if (fact.event.type === 'ApiDeployed') {
      const { apiName: name, apiId } = fact.event.data;
      const event: ApiEvent = { type: 'ApiDeleted', data: { apiName: name, apiId } };
      await super.append(lane, { id: `${apiId}.deleted`, at: fact.at, event }, position);
    }
    return position;
  }
}

describe('DeployApis', () => {
  it('answers with what it deployed, even when that was deleted at once', async () => {
    const store = new DeletingEventStore();
    const deployApis = new DeployApis({
      store,
      blobs: new InMemoryBlobStore(),
      queries: new FoldedStatusQueries(store),
      ids: new TimeIds(clock),
      clock,
      logger: silentLogger,
    });
    const config = Buffer.from(JSON.stringify([aPodApi()]));
    expect(await deployApis.execute({ config, isJson: true, code: null })).toMatchObject([
      { message: 'created sum (BatchAPI)', api: { name: 'sum' } },
    ]);
    expect((await store.read(lane)).events).toHaveLength(2);
  });
});
