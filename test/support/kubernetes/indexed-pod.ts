import { randomBytes } from 'node:crypto';
import type { ApiObject } from './api-objects.ts';

interface Container {
  readonly env?: readonly object[];
}
interface Template {
  readonly metadata?: {
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: { readonly containers: Container[]; readonly initContainers?: Container[] };
}

const withIndex = (containers: readonly Container[] = []): Container[] =>
  containers.map((container) => ({ ...container, env: [...(container.env ?? []), INDEX_ENV] }));

/** A pod for one index of a Job, as the Job controller makes it. */
export function newIndexedPod(
  job: ApiObject,
  of: { readonly index: number; readonly failures: number; readonly ignored: number },
): object {
  const { metadata = {}, spec } = (job.spec ?? {})['template'] as Template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${job.metadata.name}-${of.index}-${randomBytes(3).toString('hex').slice(0, 5)}`,
      labels: {
        ...metadata.labels,
        'batch.kubernetes.io/job-name': job.metadata.name,
        'batch.kubernetes.io/controller-uid': job.metadata.uid,
        'batch.kubernetes.io/job-completion-index': String(of.index),
      },
      annotations: {
        ...metadata.annotations,
        'batch.kubernetes.io/job-completion-index': String(of.index),
        'batch.kubernetes.io/job-index-failure-count': String(of.failures),
        ...(of.ignored > 0 && {
          'batch.kubernetes.io/job-index-ignored-failure-count': String(of.ignored),
        }),
      },
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          name: job.metadata.name,
          uid: job.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      ...spec,
      containers: withIndex(spec.containers),
      ...(spec.initContainers !== undefined && { initContainers: withIndex(spec.initContainers) }),
    },
    status: { phase: 'Pending' },
  };
}

const INDEX_ENV = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: {
    fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" },
  },
};
