import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { Lane } from '../lane.ts';

/** First characters of every stream of ours, so that a database can be shared with others. */
export const STREAM_PREFIX = 'cortex.';
/** Of the streams that hold the lifecycle of a job. */
export const LIFECYCLE_PREFIX = `${STREAM_PREFIX}job-`;

/**
 * The stream of a lane. What stands before the first `-` is a category to KurrentDB, so whoever runs
 * its category projection finds all jobs in `$ce-cortex.job`.
 */
export function streamOf(lane: Lane): string {
  switch (lane.kind) {
    case 'job':
    case 'batch':
    case 'worker':
      return `${STREAM_PREFIX}${lane.kind}-${lane.apiName}.${lane.jobId}`;
    case 'api':
      return `${STREAM_PREFIX}api-${lane.apiName}`;
    case 'idempotency-key':
      return `${STREAM_PREFIX}key-${lane.apiName}.${lane.keySha256}`;
    default:
      return unreachable(lane);
  }
}

/** The inverse of `streamOf`; `null` for a stream of no lane. */
export function laneOf(stream: string): Lane | null {
  const [, kind = '', api = '', id = ''] =
    /^cortex\.([a-z]+)-([^.]+)(?:\.([^.]+))?$/.exec(stream) ?? [];
  if (kind === 'api') return id === '' ? { kind, apiName: apiName(api) } : null;
  if (id === '') return null;
  if (kind === 'job' || kind === 'batch' || kind === 'worker') {
    return { kind, apiName: apiName(api), jobId: jobId(id) };
  }
  return kind === 'key' ? { kind: 'idempotency-key', apiName: apiName(api), keySha256: id } : null;
}
