import type { Command } from '../kernel/decider.ts';
import type { ApiId, ApiName } from '../kernel/ids.ts';
import type { ApiSpec } from './api-spec.ts';

export type DeployApi = Command<
  'DeployApi',
  {
    readonly apiName: ApiName;
    /** Used only when the specification or the code differs from what is deployed. */
    readonly newApiId: ApiId;
    readonly spec: ApiSpec;
    readonly codeKey: string | null;
  }
>;

export type DeleteApi = Command<'DeleteApi', { readonly apiName: ApiName }>;

export type ApiCommand = DeployApi | DeleteApi;
