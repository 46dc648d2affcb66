import type { ApiView } from '#libs/domain/status/api-view.ts';
import { apiSpecDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type {
  ApiAnswer,
  GetApiAnswer,
  GetApiQuery,
  ListApisAnswer,
} from '#libs/messaging/queries.ts';

/** The deployed API of a name or at an endpoint. */
export function getApi(view: PlatformView, query: GetApiQuery): GetApiAnswer {
  const api =
    'name' in query
      ? view.apis.get(query.name)
      : [...view.apis.values()].find(
          ({ current }) => current?.deployed.spec.networking.endpoint === query.endpoint,
        );
  return { api: api === undefined ? null : apiAnswer(view, api) };
}

/** All deployed APIs by name. */
export function listApis(view: PlatformView): ListApisAnswer {
  const apis = [...view.apis.values()].map((api) => apiAnswer(view, api));
  return {
    apis: apis.filter((api) => api !== null).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** `null` when the API has been deleted. */
function apiAnswer(view: PlatformView, api: ApiView): ApiAnswer | null {
  const { current } = api;
  if (current === null) return null;
  const jobs = [...view.jobs.values()].filter((job) => job.submitted.apiName === api.name);
  const latest = jobs.reduce<JobView | null>(
    (newest, job) =>
      newest === null || job.submitted.jobId < newest.submitted.jobId ? job : newest,
    null,
  );
  return {
    name: api.name,
    id: current.deployed.apiId,
    spec: apiSpecDocument(current),
    codeKey: current.deployed.codeKey,
    activeJobCount: jobs.filter((job) => job.end === null).length,
    latestJob: latest && { jobId: latest.submitted.jobId, createdAt: latest.createdAt },
    versions: api.allVersions.map(({ deployed, deployedAt }) => ({
      id: deployed.apiId,
      deployedAt,
    })),
  };
}
