import { type ApiName, apiName, type JobId } from '#libs/domain/kernel/ids.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';
import type { DecisionLane, FactLane } from './event-store.port.ts';

export type Lane = DecisionLane | FactLane;
export type LaneKind = Lane['kind'];

/** First tokens of every subject of the log. */
export const SUBJECT_PREFIX = 'cortex.events.';
/** Of what is about the log itself, where others have the API: no API is named so. */
const AUDIT_SUBJECT = `${SUBJECT_PREFIX}_log.audit`;

/** Where a lane stands in the log. */
export function subjectOf(lane: Lane): string {
  if (lane.kind === 'audit') return AUDIT_SUBJECT;
  return `${SUBJECT_PREFIX}${lane.apiName}.${pathOf(lane)}`;
}

function pathOf(lane: Exclude<Lane, { readonly kind: 'audit' }>): string {
  switch (lane.kind) {
    case 'job':
    case 'batch':
    case 'worker':
    case 'webhook':
      return `jobs.${lane.jobId}.${lane.kind}`;
    case 'archive':
      return `archive.${lane.jobId}`;
    case 'api':
      return 'api';
    case 'idempotency-key':
      return `keys.${lane.keySha256}`;
    default:
      return unreachable(lane);
  }
}

/** What an event of a lane is about, as a CloudEvent says it. */
export interface LaneAddress {
  readonly source: string;
  readonly subject: string;
}

export function addressOf(lane: Lane): LaneAddress {
  if (lane.kind === 'audit') return { source: '/log', subject: 'audit' };
  const source = `/apis/${lane.apiName}`;
  switch (lane.kind) {
    case 'job':
    case 'batch':
    case 'worker':
    case 'webhook':
    case 'archive':
      return { source, subject: `jobs/${lane.jobId}` };
    case 'api':
      return { source, subject: 'api' };
    case 'idempotency-key':
      return { source, subject: `keys/${lane.keySha256}` };
    default:
      return unreachable(lane);
  }
}

/** The inverse of `subjectOf`, as far as readers need it; `null` for a subject of no lane. */
export function laneKindOf(subject: string): LaneKind | null {
  if (subject === AUDIT_SUBJECT) return 'audit';
  const last = subject.slice(subject.lastIndexOf('.') + 1);
  switch (last) {
    case 'job':
    case 'batch':
    case 'worker':
    case 'webhook':
    case 'api':
      return last;
    default:
      return kindOfNamed(subject.split('.')[3]);
  }
}

function kindOfNamed(name = ''): LaneKind | null {
  if (name === 'keys') return 'idempotency-key';
  return name === 'archive' ? name : null;
}

export function apiNameOf(subject: string): ApiName {
  return apiName(subject.split('.')[2] ?? '');
}

/** Matches the subjects of all lanes of a job. */
export const jobSubjects = (api: ApiName, jobId: JobId): string =>
  `${SUBJECT_PREFIX}${api}.jobs.${jobId}.>`;

/** Matches the subjects that say which jobs are archived. */
export const ARCHIVE_SUBJECTS = `${SUBJECT_PREFIX}*.archive.*`;
