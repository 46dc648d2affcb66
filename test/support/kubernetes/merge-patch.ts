import { type ApiObject, ApiProblem } from './api-objects.ts';

/** An object after a merge patch (RFC 7386), as `PATCH` and, of whole objects, `PUT` make it. */
export function mergePatched(object: ApiObject, patch: ApiObject, sub: string | null): ApiObject {
  const { resourceVersion } = patch.metadata ?? {};
  if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
    throw new ApiProblem(
      409,
      'Conflict',
      'the object has been modified; apply to the latest version',
    );
  }
  // The status is changed by its subresource alone, and that changes nothing else.
  const { status, ...others } = patch;
  const change = sub === 'status' ? { status, metadata: { annotations: {} } } : others;
  return merged(object, change) as ApiObject;
}

function merged(under: unknown, over: unknown): unknown {
  if (!isObject(over)) return over;
  const result: Record<string, unknown> = isObject(under) ? { ...under } : {};
  for (const [name, value] of Object.entries(over)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
