import type { ApiSpec } from '#libs/domain/api/api-spec.ts';
import type { DeleteApi, DeployApi } from '#libs/domain/api/api.commands.ts';
import type { ApiDeleted, ApiDeployed } from '#libs/domain/api/api.events.ts';
import { apiId, apiName } from '#libs/domain/kernel/ids.ts';

type Changes<T extends { readonly data: object }> = Partial<T['data']>;

export const anApiSpec = (changes: Partial<ApiSpec> = {}): ApiSpec => ({
  name: 'sum',
  kind: 'BatchAPI',
  pod: null,
  handler: {
    type: 'node',
    path: 'handler.js',
    config: {},
    env: {},
    compute: { cpu: '200m', mem: null, gpu: 0, inf: 0, shm: null },
  },
  node_groups: null,
  networking: { endpoint: '/sum' },
  labels: {},
  ...changes,
});

export const deployApi = (changes: Changes<DeployApi> = {}): DeployApi => ({
  type: 'DeployApi',
  data: {
    apiName: apiName('sum'),
    newApiId: apiId('spec-1'),
    spec: anApiSpec(),
    codeKey: 'code/1',
    ...changes,
  },
});
export const deleteApi = (changes: Changes<DeleteApi> = {}): DeleteApi => ({
  type: 'DeleteApi',
  data: { apiName: apiName('sum'), ...changes },
});
export const anApiDeployed = (changes: Changes<ApiDeployed> = {}): ApiDeployed => ({
  type: 'ApiDeployed',
  data: {
    apiName: apiName('sum'),
    apiId: apiId('spec-1'),
    spec: anApiSpec(),
    codeKey: 'code/1',
    ...changes,
  },
});
export const anApiDeleted = (changes: Changes<ApiDeleted> = {}): ApiDeleted => ({
  type: 'ApiDeleted',
  data: { apiName: apiName('sum'), apiId: apiId('spec-1'), ...changes },
});
