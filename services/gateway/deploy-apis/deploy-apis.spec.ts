import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import type { DecisionLane, Fact } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { ApiAnswer, GetApiQuery } from '#libs/messaging/queries.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { FoldedStatusQueries } from '#test/support/gateway-status-queries.ts';
import { aPodApi } from '#test/support/gateway.ts';
import { severable } from '#test/support/severable.ts';
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

/** Has something happen once, behind its next answer about the endpoint `/x`. */
class InterruptedStatusQueries extends FoldedStatusQueries {
  interruption: (() => Promise<unknown>) | null = null;

  override async getApi(query: GetApiQuery): Promise<ApiAnswer | null> {
    const answer = await super.getApi(query);
    if (!('endpoint' in query) || query.endpoint !== '/x') return answer;
    const { interruption } = this;
    this.interruption = null;
    await interruption?.();
    return answer;
  }
}

/** A gateway's, on a store that it shares with others. */
const deployApisOn = (
  store: InMemoryEventStore,
  queries = new FoldedStatusQueries(store),
): DeployApis =>
  new DeployApis({
    store,
    blobs: new InMemoryBlobStore(),
    queries,
    ids: new TimeIds(clock),
    config: { compute: 'local' },
    clock,
    logger: silentLogger,
  });

const requestOf = (...configurations: readonly object[]) => ({
  config: Buffer.from(JSON.stringify(configurations)),
  isJson: true,
  code: null,
});
const at = (name: string, endpoint: string): object => aPodApi({ name, networking: { endpoint } });

describe('DeployApis of two gateways, to one endpoint in the same moment', () => {
  let store: InMemoryEventStore;
  let late: DeployApis;
  let lateQueries: InterruptedStatusQueries;

  beforeEach(() => {
    store = new InMemoryEventStore();
    lateQueries = new InterruptedStatusQueries(store);
    late = deployApisOn(store, lateQueries);
  });

  const endpoints = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await lateQueries.listApis()).map(({ name, endpoint }) => [name, endpoint]),
    );
  const first = (): Promise<unknown> => deployApisOn(store).execute(requestOf(at('first', '/x')));
  const taken = 'late: networking.endpoint: endpoint is already being used by first';

  it('leave it to the one that was first, and nothing of the other', async () => {
    lateQueries.interruption = first;
    await expect(late.execute(requestOf(at('late', '/x')))).rejects.toThrow(taken);
    expect(await endpoints()).toEqual({ first: '/x' });
  });

  it('leave the other where it was, with all that was deployed with it', async () => {
    await late.execute(requestOf(at('late', '/old'), at('more', '/more')));
    lateQueries.interruption = first;
    const moved = requestOf(at('more', '/more/moved'), at('new', '/new'), at('late', '/x'));
    await expect(late.execute(moved)).rejects.toThrow(taken);
    expect(await endpoints()).toEqual({ first: '/x', late: '/old', more: '/more' });
  });

  it('leave nothing of the other when nobody says whose the endpoint is', async () => {
    lateQueries.interruption = async () => {
      await first();
      lateQueries.interruption = () => Promise.reject(new Error('no answer'));
    };
    const request = requestOf(at('more', '/more'), at('late', '/x'));
    await expect(late.execute(request)).rejects.toThrow('no answer');
    expect(await endpoints()).toEqual({ first: '/x' });
  });

  it('send requests to the one that was first, also if the other’s gateway dies of it', async () => {
    const dead = new AbortController();
    const killed = Promise.withResolvers<void>();
    lateQueries.interruption = async () => {
      await first();
      lateQueries.interruption = async () => {
        dead.abort();
        killed.resolve();
      };
    };
    const dying = deployApisOn(severable(store, dead.signal), lateQueries);
    void dying.execute(requestOf(at('late', '/x')));
    await killed.promise;
    expect(await endpoints()).toEqual({ first: '/x', late: '/x' });
    expect(await lateQueries.getApi({ endpoint: '/x' })).toMatchObject({ name: 'first' });
    expect(await first()).toMatchObject([{ message: 'first (BatchAPI) is up to date' }]);
    await expect(late.execute(requestOf(at('late', '/x')))).rejects.toThrow(taken);
  });
});

describe('DeployApis', () => {
  it('lets APIs that are deployed together change places', async () => {
    const deployApis = deployApisOn(new InMemoryEventStore());
    await deployApis.execute(requestOf(at('a', '/x'), at('b', '/y')));
    expect(await deployApis.execute(requestOf(at('a', '/y'), at('b', '/x')))).toMatchObject([
      { message: 'updated a (BatchAPI)' },
      { message: 'updated b (BatchAPI)' },
    ]);
  });

  it('answers with what it deployed, even when that was deleted at once', async () => {
    const store = new DeletingEventStore();
    const deployApis = deployApisOn(store);
    expect(await deployApis.execute(requestOf(aPodApi()))).toMatchObject([
      { message: 'created sum (BatchAPI)', api: { name: 'sum' } },
    ]);
    expect((await store.read(lane)).events).toHaveLength(2);
  });
});
