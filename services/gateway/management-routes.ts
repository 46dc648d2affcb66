import { notFound, RequestRefused } from './request-refused.ts';

/** Every route with a fixed path, with the verbs it takes. Parameters are written `{name}`. */
export const MANAGEMENT_ROUTES: Readonly<Record<string, readonly string[]>> = {
  '/v1/apis': ['GET', 'PUT'],
  '/v1/apis/{name}': ['GET', 'DELETE'],
  '/v1/audit/export': ['GET'],
  '/v1/audit/import': ['POST'],
  '/v1/jobs': ['GET'],
  '/v1/jobs/{jobId}': ['GET'],
  '/v1/jobs/{jobId}/batches': ['GET'],
  '/v1/jobs/{jobId}/dead-letters': ['GET'],
  '/v1/jobs/{jobId}/events': ['GET'],
  '/v1/jobs/{jobId}/redrive': ['POST'],
  '/v1/jobs/{jobId}/workers': ['GET'],
  '/v1/jobs/{jobId}/workers/{workerId}/log': ['GET'],
  '/v1/projections/status': ['GET'],
  '/v1/projections/status/rebuild': ['POST'],
  '/livez': ['GET'],
  '/readyz': ['GET'],
  '/metrics': ['GET'],
  '/openapi.json': ['GET'],
};

/** Verbs of every API's endpoint. */
export const ENDPOINT_METHODS = ['DELETE', 'GET', 'POST'] as const;

/** First segments of paths that are or will be the management interface's own. */
export const RESERVED_SEGMENTS: ReadonlySet<string> = new Set([
  'v1',
  'livez',
  'readyz',
  'metrics',
  'openapi.json',
  'docs',
  'dashboard',
]);

/**
 * Refuses a path that no API can have.
 *
 * @throws RequestRefused 405 when the path is a management route and the verb none of it, else 404
 */
export function refuseReservedPath(method: string, path: string): void {
  const [first = ''] = path.split('/').slice(1);
  if (first !== '' && !RESERVED_SEGMENTS.has(first)) return;
  const allowed = methodsOf(path);
  // A route that takes the verb and was passed over has a parameter that is longer than any name.
  if (allowed === null || allowed.includes(method === 'HEAD' ? 'GET' : method)) {
    throw notFound('route.not_found', `there is nothing at ${path || '/'}`);
  }
  throw methodNotAllowed(method, path, allowed);
}

export const methodNotAllowed = (
  method: string,
  path: string,
  allowed: readonly string[],
): RequestRefused =>
  new RequestRefused({
    status: 405,
    kind: 'route.method_not_allowed',
    message: `${method} is not supported at ${path}; use ${allowed.join(' or ')}`,
    headers: { Allow: allowed.join(', ') },
  });

function methodsOf(path: string): readonly string[] | null {
  const segments = path.split('/');
  for (const [route, methods] of Object.entries(MANAGEMENT_ROUTES)) {
    const pattern = route.split('/');
    const matches =
      pattern.length === segments.length &&
      pattern.every((part, index) => part.startsWith('{') || part === segments[index]);
    if (matches) return methods;
  }
  return null;
}
