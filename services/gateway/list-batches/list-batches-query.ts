import { z } from 'zod';
import { BATCH_OUTCOMES, type BatchOutcome } from '#libs/domain/batch/batch-outcomes.ts';
import { fieldProblem } from '../field-problem.ts';
import { badRequest } from '../request-refused.ts';

const COUNT_DEFAULT = 100;
/** Each batch comes with its attempts, and they with their errors. */
const COUNT_MAX = 200;

const query = z.object({
  outcome: z.array(z.enum(BATCH_OUTCOMES)).nullable(),
  limit: z.coerce.number().int().min(1).max(COUNT_MAX).nullable(),
  cursor: z
    .string()
    .regex(/^(0|[1-9]\d{0,8})$/, 'must be the next_cursor of an earlier answer')
    .nullable(),
});

export interface ListBatchesQuery {
  /** `null`: all. */
  readonly outcomes: ReadonlySet<BatchOutcome> | null;
  readonly countMax: number;
  /** Continue behind this index; -1: from the first. */
  readonly afterIndex: number;
}

/** Reads `?outcome=&limit=&cursor=`; `outcome` may be several, separated by commas. */
export function readListBatchesQuery(params: URLSearchParams): ListBatchesQuery {
  const given = (name: string): string | null => params.get(name) || null;
  const read = query.safeParse(
    {
      outcome: given('outcome')?.split(',') ?? null,
      limit: given('limit'),
      cursor: given('cursor'),
    },
    { reportInput: true },
  );
  if (!read.success) {
    const { path, kind, message } = fieldProblem(read.error);
    throw badRequest(kind, `query param ${String(path[0])}: ${message}`);
  }
  const { outcome, limit, cursor } = read.data;
  return {
    outcomes: outcome === null ? null : new Set(outcome),
    countMax: limit ?? COUNT_DEFAULT,
    afterIndex: cursor === null ? -1 : Number(cursor),
  };
}
