import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { fold } from '../kernel/decider.ts';
import { apiId } from '../kernel/ids.ts';
import { anApiDeleted, anApiDeployed, anApiSpec, deleteApi } from '#test/support/api.builders.ts';
import { deployApi } from '#test/support/api.builders.ts';
import { specFor } from '#test/support/decider-spec.ts';
import type { ApiCommand } from './api.commands.ts';
import { ApiNotDeployed, apiDecider } from './api.decider.ts';
import type { ApiEvent } from './api.events.ts';

const { given } = specFor(apiDecider);
const moved = anApiSpec({ networking: { endpoint: '/moved' } });
const second = apiId('spec-2');

describe('an API that is not deployed', () => {
  it('is deployed under the new id', () => {
    given()
      .when(deployApi({ newApiId: second }))
      .thenYields(anApiDeployed({ apiId: second }));
  });
  it('cannot be deleted', () => {
    given().when(deleteApi()).thenRejected(ApiNotDeployed);
  });
});

describe('a deployed API', () => {
  it('is up to date when the same is deployed again', () => {
    given(anApiDeployed())
      .when(deployApi({ newApiId: second }))
      .thenNothing();
  });
  it('gets a new id with another specification', () => {
    given(anApiDeployed())
      .when(deployApi({ newApiId: second, spec: moved }))
      .thenYields(anApiDeployed({ apiId: second, spec: moved }));
  });
  it('gets a new id with other code', () => {
    given(anApiDeployed())
      .when(deployApi({ newApiId: second, codeKey: 'code/2' }))
      .thenYields(anApiDeployed({ apiId: second, codeKey: 'code/2' }));
  });
  it('gets a new id when an earlier specification is deployed again', () => {
    const third = apiId('spec-3');
    given(anApiDeployed(), anApiDeployed({ apiId: second, spec: moved }))
      .when(deployApi({ newApiId: third }))
      .thenYields(anApiDeployed({ apiId: third }));
  });
  it('is deleted as the version that is in force', () => {
    given(anApiDeployed(), anApiDeployed({ apiId: second, spec: moved }))
      .when(deleteApi())
      .thenYields(anApiDeleted({ apiId: second }));
  });
});

describe('a deleted API', () => {
  it('cannot be deleted again', () => {
    given(anApiDeployed(), anApiDeleted()).when(deleteApi()).thenRejected(ApiNotDeployed);
  });
  it('is deployed again, even with what it had', () => {
    given(anApiDeployed(), anApiDeleted())
      .when(deployApi({ newApiId: second }))
      .thenYields(anApiDeployed({ apiId: second }));
  });
  it('is absent', () => {
    expect(fold(apiDecider, [anApiDeployed(), anApiDeleted()])).toEqual({ phase: 'absent' });
  });
});

/** What the decider says; a rejection says nothing. */
const decided = (past: readonly ApiEvent[], command: ApiCommand): readonly ApiEvent[] => {
  try {
    return apiDecider.decide(fold(apiDecider, past), command);
  } catch (error) {
    if (error instanceof ApiNotDeployed) return [];
    throw error;
  }
};

describe('whatever is asked of an API, in whatever order', () => {
  const commands: fc.Arbitrary<ApiCommand> = fc.oneof(
    fc
      .record({
        spec: fc.constantFrom(anApiSpec(), moved),
        codeKey: fc.constantFrom('code/1', null),
      })
      .map(deployApi),
    fc.constant(deleteApi()),
  );
  it('asking the same again adds nothing', () => {
    fc.assert(
      fc.property(fc.array(commands), commands, (sequence, command) => {
        const lane: ApiEvent[] = [];
        for (const one of [...sequence, command]) lane.push(...decided(lane, one));
        expect(decided(lane, command)).toEqual([]);
      }),
    );
  });
});
