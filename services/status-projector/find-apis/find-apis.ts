import type { ApiName } from '#libs/domain/kernel/ids.ts';
import type { ApiVersion, ApiView } from '#libs/domain/status/api-view.ts';
import { apiSpecDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type {
  ApiAnswer,
  ApiSummary,
  GetApiAnswer,
  GetApiQuery,
  ListApisAnswer,
} from '#libs/messaging/queries.ts';

/** As `ApiAnswer` says. */
const VERSIONS_MAX = 100;

/** The deployed API of a name or at an endpoint. */
export function getApi(view: PlatformView, query: GetApiQuery): GetApiAnswer {
  const api = 'name' in query ? view.apis.get(query.name) : view.apiAt(query.endpoint);
  return { api: api ? apiAnswer(api) : null };
}

/** All deployed APIs by name. */
export function listApis(view: PlatformView): ListApisAnswer {
  const jobsByApi = Map.groupBy(view.jobs.values(), (job) => job.submitted.apiName);
  const apis = [...view.apis.values()].flatMap((api) =>
    api.current === null ? [] : apiSummary(api.name, api.current, jobsByApi.get(api.name) ?? []),
  );
  return { apis: apis.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** `null` when the API has been deleted. */
function apiAnswer({ name, current, allVersions }: ApiView): ApiAnswer | null {
  if (current === null) return null;
  return {
    name,
    id: current.deployed.apiId,
    spec: apiSpecDocument(current),
    versions: allVersions
      .slice(0, VERSIONS_MAX)
      .map(({ deployed, deployedAt }) => ({ id: deployed.apiId, deployedAt })),
  };
}

function apiSummary(
  name: ApiName,
  { deployed, deployedAt }: ApiVersion,
  jobs: readonly JobView[],
): ApiSummary {
  const latest = jobs.reduce<JobView | null>(
    (newest, job) =>
      newest === null || job.submitted.jobId < newest.submitted.jobId ? job : newest,
    null,
  );
  return {
    name,
    id: deployed.apiId,
    endpoint: deployed.spec.networking.endpoint,
    deployedAt,
    activeJobCount: jobs.filter((job) => job.end === null).length,
    latestJob: latest && { jobId: latest.submitted.jobId, createdAt: latest.createdAt },
  };
}
