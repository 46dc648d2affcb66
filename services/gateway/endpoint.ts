import { jobId, type JobId } from '#libs/domain/kernel/ids.ts';
import type { ApiAnswer, FoundJob } from '#libs/messaging/queries.ts';
import { refuseReservedPath } from './management-routes.ts';
import { badRequest, notFound } from './request-refused.ts';
import type { StatusQueries } from './status-queries.port.ts';

/**
 * The API whose endpoint is `path`.
 *
 * @throws RequestRefused 404 when there is none
 */
export async function deployedApiAt(
  queries: StatusQueries,
  { method, path }: { readonly method: string; readonly path: string },
): Promise<ApiAnswer> {
  refuseReservedPath(method, path);
  const api = await queries.getApi({ endpoint: path });
  if (api === null) throw notDeployed(path);
  return api;
}

/**
 * The job that `?jobID=` names, asked for through its own API's endpoint. The jobs of a deleted API
 * are found at the endpoint it had, as long as no other API has it.
 *
 * @throws RequestRefused 404 when there is no such API, no such job, or it is another API's job
 */
export async function jobAt(
  queries: StatusQueries,
  target: { readonly method: string; readonly path: string; readonly query: URLSearchParams },
): Promise<{ readonly jobId: JobId; readonly job: FoundJob }> {
  const { method, path, query } = target;
  refuseReservedPath(method, path);
  const id = jobId(query.get('jobID') ?? '');
  const { found: job, apiAtEndpoint } = await queries.getJobAt({ jobId: id, endpoint: path });
  const isItsOwn = apiAtEndpoint === null ? job?.endpoint === path : job?.apiName === apiAtEndpoint;
  if (job !== null && isItsOwn) return { jobId: id, job };
  if (apiAtEndpoint === null) throw notDeployed(path);
  if (id === '') throw badRequest('endpoints.query_param_required', 'query param required: jobID');
  throw jobNotFound(id, apiAtEndpoint);
}

export const jobNotFound = (id: string, apiName: string | null): Error =>
  notFound(
    'job.not_found',
    `unable to find BatchAPI job ${id}${apiName === null ? '' : ` (${apiName} api)`}`,
  );

const notDeployed = (path: string): Error =>
  notFound('api.not_deployed', `${path.replace(/^\//, '')} is not deployed`);
