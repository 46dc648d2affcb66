import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** What is wrong with one field of a request: where, which kind of mistake, and in words. */
export interface FieldProblem {
  readonly path: readonly PropertyKey[];
  readonly kind: string;
  readonly message: string;
}

/** Reads zod's first finding; parse with `reportInput: true`, so that messages can quote it. */
export function fieldProblem(error: z.core.$ZodError): FieldProblem {
  const [issue] = error.issues;
  if (issue === undefined) return { path: [], kind: 'field.invalid', message: error.message };
  return { path: issue.path, kind: kindOf(issue), message: messageOf(issue) };
}

function kindOf(issue: Issue): string {
  if (isMissing(issue)) return 'field.required';
  if (issue.code === 'too_small' && issue.origin === 'string') return 'field.empty';
  return KIND_OF_CODE[issue.code] ?? 'field.invalid';
}

const KIND_OF_CODE: Readonly<Partial<Record<Issue['code'], string>>> = {
  invalid_type: 'field.wrong_type',
  too_small: 'field.too_small',
  too_big: 'field.too_large',
  unrecognized_keys: 'field.not_supported',
};

function messageOf(issue: Issue): string {
  if (isMissing(issue)) return 'must be defined';
  if (issue.code === 'invalid_type') {
    return `must be ${EXPECTED[issue.expected] ?? issue.expected} (got ${describe(issue.input)})`;
  }
  if (issue.code === 'too_small') return tooSmall(issue);
  if (issue.code === 'too_big') return tooBig(issue);
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(describe).join(' or ');
    return `must be ${allowed} (got ${describe(issue.input)})`;
  }
  if (issue.code === 'unrecognized_keys') {
    return `key ${issue.keys.map((key) => `"${key}"`).join(', ')} is not supported`;
  }
  if (issue.code === 'invalid_key')
    return `"${String(issue.path.at(-1))}" ${issue.issues[0]?.message}`;
  return issue.message;
}

function tooSmall(issue: z.core.$ZodIssueTooSmall): string {
  if (issue.origin === 'string') return 'cannot be empty';
  if (issue.origin === 'array') return `must contain at least ${issue.minimum} elements`;
  return `must be greater than or equal to ${issue.minimum} (got ${describe(issue.input)})`;
}

function tooBig(issue: z.core.$ZodIssueTooBig): string {
  if (issue.origin === 'string') return `must not be longer than ${issue.maximum} characters`;
  return `must be less than or equal to ${issue.maximum} (got ${describe(issue.input)})`;
}

const isMissing = (issue: Issue): boolean =>
  issue.input === undefined &&
  (issue.code === 'invalid_type' ||
    issue.code === 'invalid_value' ||
    issue.code === 'invalid_union');

const EXPECTED: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'an integer', // No field takes other numbers.
  string: 'a string',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
};

/** Small values as they are, large ones by their type. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'string' && value.length > 100) return 'a long string';
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
}
