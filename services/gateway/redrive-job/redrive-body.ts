import { z } from 'zod';
import { checkJson } from '#libs/json/json-scanner.ts';
import { fieldProblem } from '../field-problem.ts';
import { badRequest } from '../request-refused.ts';
import { workersField } from '../workers-field.ts';

/** What a redrive may change; the rest is the parent's. */
export const redriveDocument = z.object({
  workers: workersField.nullish().describe("The parent's, if not given"),
});

/**
 * Reads the body of a redrive, which may be empty.
 *
 * @throws JsonSyntaxError, RequestRefused
 */
export function readRedriveBody(body: Uint8Array): { readonly workers: number | null } {
  if (body.length === 0) return { workers: null };
  checkJson(body);
  const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
  const read = redriveDocument.safeParse(value, { reportInput: true });
  if (read.success) return { workers: read.data.workers ?? null };
  const { path, kind, message } = fieldProblem(read.error);
  throw badRequest(kind, [...path, message].join(': '));
}
