import { z } from 'zod';
import { JOB_STATUSES } from '#libs/domain/job/job-status-code.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { ListJobsQuery } from '#libs/messaging/queries.ts';
import { fieldProblem } from '../field-problem.ts';
import { badRequest } from '../request-refused.ts';

const COUNT_DEFAULT = 100;
const COUNT_MAX = 1000;

const query = z.object({
  api: z.string().min(1).nullable(),
  status: z.array(z.enum(JOB_STATUSES)).nullable(),
  limit: z.coerce.number().int().min(1).max(COUNT_MAX).nullable(),
  cursor: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'must be the next_cursor of an earlier answer')
    .nullable(),
});

/**
 * Reads `?api=&status=&limit=&cursor=`; `status` may be several, separated by commas. Parameters
 * that are empty count as not given.
 */
export function readListJobsQuery(params: URLSearchParams): ListJobsQuery {
  const given = (name: string): string | null => params.get(name) || null;
  const read = query.safeParse(
    {
      api: given('api'),
      status: given('status')?.split(',') ?? null,
      limit: given('limit'),
      cursor: given('cursor'),
    },
    { reportInput: true },
  );
  if (!read.success) {
    const { path, kind, message } = fieldProblem(read.error);
    throw badRequest(kind, `query param ${String(path[0])}: ${message}`);
  }
  const { api, status, limit, cursor } = read.data;
  return {
    apiName: api === null ? null : apiName(api),
    statuses: status,
    countMax: limit ?? COUNT_DEFAULT,
    after: cursor === null ? null : jobId(cursor),
  };
}
