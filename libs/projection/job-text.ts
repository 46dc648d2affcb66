import { createHash } from 'node:crypto';
import { JobView, type JobViewSnapshot } from '#libs/domain/status/job-view.ts';

/** All there is to know of an ended job, as text that is equal for equal jobs. */
export interface JobText {
  readonly json: string;
  /** 16 hex digits: enough to notice damage and age, not to keep out who wants to deceive. */
  readonly digest: string;
}

export function textOf(job: JobView): JobText {
  const json = JSON.stringify(job.snapshot());
  return { json, digest: digestOf(json) };
}

/** `null` when the text is not the one with this digest. */
export function jobOfText(json: string, digest: string): JobView | null {
  if (digestOf(json) !== digest) return null;
  const snapshot: JobViewSnapshot = JSON.parse(json);
  return JobView.restore(snapshot);
}

const digestOf = (json: string): string =>
  createHash('sha256').update(json).digest('hex').slice(0, 16);
