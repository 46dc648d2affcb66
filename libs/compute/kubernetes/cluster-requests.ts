import { ApiException } from '@kubernetes/client-node';
import { pause } from '#libs/platform/pause.ts';

/** The API server cannot be reached or is overloaded; asking again later may help. */
export class ClusterUnavailable extends Error {
  override readonly name = 'ClusterUnavailable';
}

/** The API server understood and said no; the same request gets the same answer. */
export class ClusterRefused extends Error {
  override readonly name = 'ClusterRefused';
  constructor(
    /** HTTP status. */
    readonly status: number,
    message: string,
    options: { readonly cause: unknown },
  ) {
    super(message, options);
  }
}

const ATTEMPTS_MAX = 5;
const REQUEST_MS_MAX = 30_000;
const PAUSE_MS_MIN = 200;
const PAUSE_MS_MAX = 10_000;
const TOO_MANY_REQUESTS = 429;

/**
 * Asks the API server until it answers: again after as long as `Retry-After` says, or after pauses
 * that grow and differ, so that those it turned away do not come back all at once.
 *
 * @param what names the request in errors
 * @throws ClusterRefused, ClusterUnavailable
 */
export async function asked<T>(what: string, request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTime(request());
    } catch (error) {
      const failure = failureOf(what, error);
      if (failure instanceof ClusterRefused || attempt === ATTEMPTS_MAX) throw failure;
      await pause(retryAfterMs(error) ?? backOffMs(attempt));
    }
  }
}

/** A pause before the next attempt: half of it fixed, half drawn. */
export function backOffMs(attempt: number): number {
  const ms = Math.min(PAUSE_MS_MIN * 2 ** (attempt - 1), PAUSE_MS_MAX);
  return ms / 2 + Math.random() * (ms / 2);
}

/** HTTP status of an error of the client; `null` when there was no answer. */
export function statusOf(error: unknown): number | null {
  if (error instanceof ApiException) return error.code;
  if (error instanceof ClusterRefused) return error.status;
  const hasStatus = typeof error === 'object' && error !== null && 'statusCode' in error;
  return hasStatus && typeof error.statusCode === 'number' ? error.statusCode : null;
}

function failureOf(what: string, error: unknown): ClusterRefused | ClusterUnavailable {
  const status = statusOf(error);
  const message = `Kubernetes: cannot ${what}: ${detailOf(error)}`;
  const isFinal = status !== null && status < 500 && status !== TOO_MANY_REQUESTS;
  return isFinal
    ? new ClusterRefused(status, message, { cause: error })
    : new ClusterUnavailable(message, { cause: error });
}

/** The client puts the whole answer into its message; what the server wanted to say is one member of it. */
function detailOf(error: unknown): string {
  if (!(error instanceof ApiException))
    return error instanceof Error ? error.message : String(error);
  const body: unknown = typeof error.body === 'string' ? parsed(error.body) : error.body;
  const said =
    typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  return `status ${error.code}${said === '' ? '' : `: ${said}`}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 500) };
  }
}

function retryAfterMs(error: unknown): number | null {
  if (!(error instanceof ApiException)) return null;
  const seconds = Number(error.headers['retry-after'] ?? Number.NaN);
  return Number.isNaN(seconds) ? null : Math.min(seconds * 1000, PAUSE_MS_MAX);
}

/** A connection that hangs is as good as none. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    const late = (): void => reject(new Error(`no answer within ${REQUEST_MS_MAX} ms`));
    timer = setTimeout(late, REQUEST_MS_MAX);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
