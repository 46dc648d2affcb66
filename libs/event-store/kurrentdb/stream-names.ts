import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { JobAddress } from '../event-store.port.ts';
import type { Lane } from '../lane.ts';

/**
 * What the streams of one log are called: all begin with the same word and a dot, so that a
 * database can be shared with others.
 *
 * What stands before the first `-` is a category to KurrentDB, so whoever runs its category projection
 * finds the lifecycles of all jobs in `$ce-cortex.job`.
 */
export class StreamNames {
  /** First characters of every stream of the log. */
  readonly prefix: string;
  /** Of the streams that hold the lifecycle of a job. */
  readonly lifecyclePrefix: string;
  private readonly pattern: RegExp;

  /** @param log letters and digits */
  constructor(private readonly log: string) {
    this.prefix = `${log}.`;
    this.lifecyclePrefix = `${log}.job-`;
    this.pattern = new RegExp(`^${log}\\.([a-z]+)-([^.]+)(?:\\.([^.]+))?$`);
  }

  streamOf(lane: Lane): string {
    switch (lane.kind) {
      case 'job':
      case 'batch':
      case 'worker':
      case 'webhook':
      case 'archive':
        return `${this.prefix}${lane.kind}-${lane.apiName}.${lane.jobId}`;
      case 'api':
        return `${this.prefix}api-${lane.apiName}`;
      case 'idempotency-key':
        return `${this.prefix}key-${lane.apiName}.${lane.keySha256}`;
      case 'audit':
        return `${this.prefix}audit-log`;
      default:
        return unreachable(lane);
    }
  }

  /** The streams of a job's lanes. A job's id has one length, so no other stream begins with one of them. */
  streamsOf({ apiName: api, jobId: job }: JobAddress): string[] {
    const kinds = ['job', 'batch', 'worker', 'webhook'] as const;
    return kinds.map((kind) => this.streamOf({ kind, apiName: api, jobId: job }));
  }

  /** The inverse of `streamOf`; `null` for a stream of no lane. */
  laneOf(stream: string): Lane | null {
    const [, kind = '', api = '', id = ''] = this.pattern.exec(stream) ?? [];
    if (kind === 'audit') return api === 'log' && id === '' ? { kind } : null;
    if (kind === 'api') return id === '' ? { kind, apiName: apiName(api) } : null;
    if (id === '') return null;
    if (
      kind === 'job' ||
      kind === 'batch' ||
      kind === 'worker' ||
      kind === 'webhook' ||
      kind === 'archive'
    ) {
      return { kind, apiName: apiName(api), jobId: jobId(id) };
    }
    return kind === 'key'
      ? { kind: 'idempotency-key', apiName: apiName(api), keySha256: id }
      : null;
  }

  groupOf(name: string): string {
    return `${this.log}-${name}`;
  }
}
