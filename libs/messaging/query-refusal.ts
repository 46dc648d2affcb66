import { z } from 'zod';

const refusal = z.object({ kind: z.literal('unavailable'), message: z.string() });

/** Why a question cannot be answered now, for whoever asked. */
export type QueryRefusal = z.infer<typeof refusal>;

export const queryRefusal = (message: string): QueryRefusal => ({ kind: 'unavailable', message });

/** The refusal that a question ended with; `null`: with something else. */
export function refusalIn(error: unknown): QueryRefusal | null {
  const read = refusal.safeParse(error);
  return read.success ? read.data : null;
}
