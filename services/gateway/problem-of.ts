import { BatchQueueUnavailable } from '#libs/batch-queue/batch-queue.port.ts';
import { Rejection } from '#libs/domain/kernel/errors.ts';
import {
  ArchiveUnreadable,
  EventStoreUnavailable,
  VersionConflict,
} from '#libs/event-store/event-store.port.ts';
import { JsonSyntaxError } from '#libs/json/json-syntax-error.ts';
import { BlobStoreUnavailable } from '#libs/object-store/blob-store.port.ts';
import { InputFilesUnavailable } from '#libs/object-store/input-files.port.ts';
import { type Problem, RequestRefused } from './request-refused.ts';
import { QueryUnanswered } from './status-queries.port.ts';

/** The only place where a domain code meets an HTTP status. Unlisted codes are 409. */
const statusOfRejection: Readonly<Record<string, number>> = {
  'api.not_deployed': 404,
  'job.not_found': 404,
  'batch.too_large': 400,
  'dead_letter_queue.unusable': 400,
};

const RETRY_AFTER_SECONDS = '1';

/** How an error is answered; `null` for one that nobody expected. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof RequestRefused) return error.problem;
  if (error instanceof Rejection) {
    const status = statusOfRejection[error.code] ?? 409;
    return { status, kind: error.code, message: error.message };
  }
  if (error instanceof JsonSyntaxError) {
    return { status: 400, kind: 'json.malformed', message: error.message };
  }
  return unavailability(error) ?? frameworkProblem(error);
}

function unavailability(error: unknown): Problem | null {
  const problem = unavailabilityIn(error);
  if (problem === null) return null;
  return {
    status: 503,
    kind: 'service.unavailable',
    message: `${problem}; try again, with the same Idempotency-Key for a submission`,
    headers: { 'Retry-After': RETRY_AFTER_SECONDS },
  };
}

function unavailabilityIn(error: unknown): string | null {
  // It says which bucket and how it failed, which whoever configured the store has to know.
  if (error instanceof InputFilesUnavailable) return error.message;
  // Whoever keeps the archives has to know which object it is.
  if (error instanceof ArchiveUnreadable) return error.message;
  if (error instanceof QueryUnanswered && error.because !== null) return error.because;
  const part = unavailablePart(error);
  return part === null ? null : `${part} cannot be reached`;
}

function unavailablePart(error: unknown): string | null {
  if (error instanceof EventStoreUnavailable || error instanceof VersionConflict) {
    return 'the event store';
  }
  if (error instanceof BlobStoreUnavailable) return 'the object store';
  if (error instanceof BatchQueueUnavailable) return 'the batch queue';
  if (error instanceof QueryUnanswered) return 'the status service';
  return null;
}

/** Fastify and Nest throw errors with a status of their own, e.g. for a URL that cannot be decoded. */
function frameworkProblem(error: unknown): Problem | null {
  if (!(error instanceof Error)) return null;
  const status = statusOf(error);
  if (status === null || status < 400 || status > 499) return null;
  // Some route takes every path, with the verbs that there are routes for: only verbs are not found.
  if (status === 404) {
    return { status: 405, kind: 'route.method_not_allowed', message: 'this verb is not supported' };
  }
  return { status, kind: `http.${status}`, message: error.message };
}

function statusOf(error: Error): number | null {
  if ('statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  if ('status' in error && typeof error.status === 'number') return error.status;
  return null;
}
