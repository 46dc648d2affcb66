import type { ApiName } from '#libs/domain/kernel/ids.ts';
import type { ApiVersion, ApiView } from '#libs/domain/status/api-view.ts';
import { apiSpecDocument } from '#libs/domain/status/job-documents.ts';
import type { EndedJob } from '#libs/domain/status/ended-job-table.ts';
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
  const newestEnded = view.ended.newestByApi();
  const apis = [...view.apis.values()].flatMap(({ name, current }) => {
    if (current === null) return [];
    const jobs = jobsByApi.get(name) ?? [];
    return { ...apiSummary(name, current), ...jobsSummary(jobs, newestEnded.get(name) ?? null) };
  });
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

const apiSummary = (
  name: ApiName,
  { deployed, deployedAt }: ApiVersion,
): Omit<ApiSummary, 'activeJobCount' | 'latestJob'> => ({
  name,
  id: deployed.apiId,
  endpoint: deployed.spec.networking.endpoint,
  deployedAt,
});

/** @param ended the newest of those that are not among `jobs` */
function jobsSummary(
  jobs: readonly JobView[],
  ended: EndedJob | null,
): Pick<ApiSummary, 'activeJobCount' | 'latestJob'> {
  let latestJob: ApiSummary['latestJob'] = ended && {
    jobId: ended.jobId,
    createdAt: new Date(ended.createdAtMs).toISOString(),
  };
  for (const { submitted, createdAt } of jobs) {
    const { jobId } = submitted;
    if (latestJob === null || jobId < latestJob.jobId) latestJob = { jobId, createdAt };
  }
  return { activeJobCount: jobs.filter(({ end }) => end === null).length, latestJob };
}
