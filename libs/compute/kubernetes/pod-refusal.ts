import type { CoreV1Event, V1Pod } from '@kubernetes/client-node';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { jobIdOfName } from './labels.ts';

/** A pod that the API server did not take from the Job controller, for want of quota say. */
export interface PodRefusal {
  readonly jobId: JobId;
  /** Of the Kubernetes Job: another one of the same name is another one. */
  readonly jobUid: string | undefined;
  /** When it happened last, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly problem: string;
}

/** @returns `null` when the event is about a Job that is not ours */
export function refusalOf(event: CoreV1Event): PodRefusal | null {
  const { involvedObject, lastTimestamp, series, eventTime, message = '' } = event;
  const jobId = jobIdOfName(involvedObject.name ?? '');
  if (jobId === null) return null;
  // A list gives dates, a watch the text of dates.
  const at = lastTimestamp ?? series?.lastObservedTime ?? eventTime;
  const atMs = at === undefined ? 0 : new Date(at).getTime();
  return { jobId, jobUid: involvedObject.uid, atMs, problem: message };
}

/** Events stay for an hour: one that a pod came after is history. */
export const isMended = ({ atMs }: PodRefusal, pods: Iterable<V1Pod>): boolean =>
  [...pods].some(({ metadata }) => new Date(metadata?.creationTimestamp ?? 0).getTime() > atMs);
