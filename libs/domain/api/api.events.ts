import type { Event } from '../kernel/decider.ts';
import type { ApiId, ApiName } from '../kernel/ids.ts';
import type { ApiSpec } from './api-spec.ts';

/** A specification is in force from here on; jobs submitted later run under it. */
export type ApiDeployed = Event<
  'ApiDeployed',
  {
    readonly apiName: ApiName;
    readonly apiId: ApiId;
    readonly spec: ApiSpec;
    /** Object with the handler's code as a gzipped tar archive; `null` when none was sent. */
    readonly codeKey: string | null;
  }
>;

/** The API takes no more jobs. Its history stays. */
export type ApiDeleted = Event<'ApiDeleted', { readonly apiName: ApiName; readonly apiId: ApiId }>;

export type ApiEvent = ApiDeployed | ApiDeleted;
