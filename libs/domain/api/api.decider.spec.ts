import { describe, expect, it } from '@jest/globals';
import { fold } from '../kernel/decider.ts';
import { apiId } from '../kernel/ids.ts';
import { anApiDeleted, anApiDeployed, anApiSpec, deleteApi } from '#test/support/api.builders.ts';
import { deployApi } from '#test/support/api.builders.ts';
import { specFor } from '#test/support/decider-spec.ts';
import { ApiNotDeployed, apiDecider } from './api.decider.ts';

const { given } = specFor(apiDecider);
const moved = anApiSpec({ networking: { endpoint: '/moved' } });
const second = apiId('spec-2');

describe('an API that is not deployed', () => {
  it('is deployed under the new id', () => {
    given()
      .when(deployApi({ newApiId: second }))
      .then(anApiDeployed({ apiId: second }));
  });
  it('cannot be deleted', () => {
    given().when(deleteApi()).thenRejected(ApiNotDeployed);
  });
});

describe('a deployed API', () => {
  it('is up to date when the same is deployed again', () => {
    given(anApiDeployed())
      .when(deployApi({ newApiId: second }))
      .then();
  });
  it('gets a new id with another specification', () => {
    given(anApiDeployed())
      .when(deployApi({ newApiId: second, spec: moved }))
      .then(anApiDeployed({ apiId: second, spec: moved }));
  });
  it('gets a new id with other code', () => {
    given(anApiDeployed())
      .when(deployApi({ newApiId: second, codeKey: 'code/2' }))
      .then(anApiDeployed({ apiId: second, codeKey: 'code/2' }));
  });
  it('gets a new id when an earlier specification is deployed again', () => {
    const third = apiId('spec-3');
    given(anApiDeployed(), anApiDeployed({ apiId: second, spec: moved }))
      .when(deployApi({ newApiId: third }))
      .then(anApiDeployed({ apiId: third }));
  });
  it('is deleted as the version that is in force', () => {
    given(anApiDeployed(), anApiDeployed({ apiId: second, spec: moved }))
      .when(deleteApi())
      .then(anApiDeleted({ apiId: second }));
  });
});

describe('a deleted API', () => {
  it('cannot be deleted again', () => {
    given(anApiDeployed(), anApiDeleted()).when(deleteApi()).thenRejected(ApiNotDeployed);
  });
  it('is deployed again, even with what it had', () => {
    given(anApiDeployed(), anApiDeleted())
      .when(deployApi({ newApiId: second }))
      .then(anApiDeployed({ apiId: second }));
  });
  it('is absent', () => {
    expect(fold(apiDecider, [anApiDeployed(), anApiDeleted()])).toEqual({ phase: 'absent' });
  });
});
