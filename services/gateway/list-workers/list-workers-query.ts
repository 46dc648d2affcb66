import { z } from 'zod';
import { workerId, type WorkerId } from '#libs/domain/kernel/ids.ts';
import { fieldProblem } from '../field-problem.ts';
import { badRequest } from '../request-refused.ts';

const COUNT_MAX = 1000;

const query = z.object({
  limit: z.coerce.number().int().min(1).max(COUNT_MAX).nullable(),
  cursor: z
    .string()
    .regex(/^(0|[1-9]\d{0,8})$/, 'must be the next_cursor of an earlier answer')
    .nullable(),
});

/** Reads `?limit=&cursor=`. Parameters that are empty count as not given. */
export function readListWorkersQuery(params: URLSearchParams): {
  readonly countMax: number;
  readonly after: WorkerId | null;
} {
  const given = (name: string): string | null => params.get(name) || null;
  const read = query.safeParse(
    { limit: given('limit'), cursor: given('cursor') },
    { reportInput: true },
  );
  if (!read.success) {
    const { path, kind, message } = fieldProblem(read.error);
    throw badRequest(kind, `query param ${String(path[0])}: ${message}`);
  }
  const { limit, cursor } = read.data;
  return {
    countMax: limit ?? COUNT_MAX,
    after: cursor === null ? null : workerId(Number(cursor)),
  };
}
