import { type ApiName, isJobId, type JobId } from '#libs/domain/kernel/ids.ts';

/** Label that a node carries to belong to one of `node_groups`. */
export const NODE_GROUP_LABEL = 'cortex.dev/node-group';
export const JOB_ID_LABEL = 'cortex.dev/job-id';
export const API_LABEL = 'cortex.dev/api';
const INSTALLATION_LABEL = 'cortex.dev/installation';
/** With this label Kueue decides when a Job starts. */
export const KUEUE_QUEUE_LABEL = 'kueue.x-k8s.io/queue-name';

/** Counts the processes of a worker that earlier Jobs of the same job had. */
export const FIRST_RESTART_ANNOTATION = 'cortex.dev/first-restart';
/** What Kubernetes writes on a pod of an indexed Job with a limit per index. */
export const INDEX_ANNOTATION = 'batch.kubernetes.io/job-completion-index';
export const FAILURES_ANNOTATION = 'batch.kubernetes.io/job-index-failure-count';
export const IGNORED_FAILURES_ANNOTATION = 'batch.kubernetes.io/job-index-ignored-failure-count';

/** The Job and the ConfigMap of a job; it is theirs alone, so they can be found without asking. */
export const resourceName = (jobId: JobId): string => `cortex-${jobId}`;

/** The job that a resource's name is of; `null` when it is no name of ours. */
export function jobIdOfName(name: string): JobId | null {
  const id = name.startsWith('cortex-') ? name.slice('cortex-'.length) : '';
  return isJobId(id) ? id : null;
}

/** Labels of everything that a job has in the cluster. */
export const jobLabels = (
  { apiName, jobId }: { readonly apiName: ApiName; readonly jobId: JobId },
  installation: string,
): Record<string, string> => ({
  'app.kubernetes.io/name': 'cortex-batch',
  'app.kubernetes.io/component': 'worker',
  'app.kubernetes.io/managed-by': 'cortex-batch',
  'app.kubernetes.io/instance': apiName,
  [API_LABEL]: apiName,
  [JOB_ID_LABEL]: jobId,
  [INSTALLATION_LABEL]: installation,
});

/** Selects what one installation has in a namespace that it may share. */
export const installationSelector = (installation: string): string =>
  `app.kubernetes.io/managed-by=cortex-batch,${INSTALLATION_LABEL}=${installation}`;

export const jobSelector = (jobId: JobId, installation: string): string =>
  `${installationSelector(installation)},${JOB_ID_LABEL}=${jobId}`;
