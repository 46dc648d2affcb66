import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { type ApiName, apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import {
  API_LABEL,
  FAILURES_ANNOTATION,
  FIRST_RESTART_ANNOTATION,
  IGNORED_FAILURES_ANNOTATION,
  INDEX_ANNOTATION,
  JOB_ID_LABEL,
} from './labels.ts';

export const podNameOf = (pod: V1Pod): string => pod.metadata?.name ?? '';

/** Which of a job's workers a pod is for. */
export const indexOf = (pod: V1Pod): number =>
  Number(pod.metadata?.annotations?.[INDEX_ANNOTATION]);

/** Pods of the same worker before this one that count as failures. */
export const failureCountOf = (pod: V1Pod): number =>
  Number(pod.metadata?.annotations?.[FAILURES_ANNOTATION] ?? 0);

/** All pods of the same worker before this one, in this Job. */
export const podsBefore = (pod: V1Pod): number =>
  failureCountOf(pod) + Number(pod.metadata?.annotations?.[IGNORED_FAILURES_ANNOTATION] ?? 0);

/** What earlier Jobs of the same job had. */
export const firstRestartOf = (job: V1Job): number =>
  Number(job.metadata?.annotations?.[FIRST_RESTART_ANNOTATION] ?? 0);

/** The job that something in the cluster belongs to; `null` when it says none. */
export function ownerOf({ metadata }: V1Job | V1Pod): { jobId: JobId; apiName: ApiName } | null {
  const { [JOB_ID_LABEL]: job, [API_LABEL]: api } = metadata?.labels ?? {};
  if (job === undefined || api === undefined) return null;
  return { jobId: jobId(job), apiName: apiName(api) };
}

/** Indexes in Kubernetes' notation, such as `1,3-5`. */
export const isIndexIn = (indexes: string, index: number): boolean =>
  indexes
    .split(',')
    .filter((range) => range !== '')
    .some((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return first !== undefined && last !== undefined && first <= index && index <= last;
    });
