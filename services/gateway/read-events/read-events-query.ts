import { z } from 'zod';
import { EVENT_REGISTRY } from '#libs/event-store/codec/event-registry.ts';
import { fieldProblem } from '../field-problem.ts';
import { badRequest } from '../request-refused.ts';

const COUNT_DEFAULT = 100;
const COUNT_MAX = 1000;
const JOB_LANES: ReadonlySet<string> = new Set(['job', 'batch', 'worker', 'webhook']);

/** Types of the events that a job can have. */
export const JOB_EVENT_TYPES = Object.entries(EVENT_REGISTRY)
  .filter(([, { lane }]) => JOB_LANES.has(lane))
  .map(([type]) => type);

const query = z.object({
  type: z.array(z.enum(JOB_EVENT_TYPES)).nullable(),
  limit: z.coerce.number().int().min(1).max(COUNT_MAX).nullable(),
});

export interface ReadEventsQuery {
  /** `null`: all. */
  readonly types: ReadonlySet<string> | null;
  readonly countMax: number;
}

/** Reads `?type=&limit=`; `type` may be several, separated by commas. Empty ones count as not given. */
export function readEventsQuery(params: URLSearchParams): ReadEventsQuery {
  const given = (name: string): string | null => params.get(name) || null;
  const read = query.safeParse(
    { type: given('type')?.split(',') ?? null, limit: given('limit') },
    { reportInput: true },
  );
  if (!read.success) {
    const { path, kind, message } = fieldProblem(read.error);
    throw badRequest(kind, `query param ${String(path[0])}: ${message}`);
  }
  const { type, limit } = read.data;
  return { types: type === null ? null : new Set(type), countMax: limit ?? COUNT_DEFAULT };
}
