import type {
  V1Affinity,
  V1ConfigMap,
  V1Job,
  V1PodFailurePolicyRule,
  V1PodSpec,
  V1Volume,
} from '@kubernetes/client-node';
import type { ApiSpec } from '#libs/domain/api/api-spec.ts';
import type { Workload } from '../compute.port.ts';
import { mergeConfig } from '../merge-config.ts';
import { CODE_CONTAINER, CODE_UNUSABLE_EXIT, type PodAssignment } from '../pod-assignment.ts';
import {
  handlerContainers,
  handlerPortOf,
  runsDeployedCode,
  shmVolumeOf,
} from './handler-containers.ts';
import {
  FIRST_RESTART_ANNOTATION,
  jobLabels,
  KUEUE_QUEUE_LABEL,
  NODE_GROUP_LABEL,
  resourceName,
} from './labels.ts';
import { codeContainer, workerContainer } from './our-containers.ts';
import type { PodSettings } from './pod-settings.ts';

/** How often the pod of one worker may fail before the worker is lost. Disruptions do not count. */
export const FAILURES_MAX = 5;
/** A command that is not there, is not executable, or could not be started by the runtime. */
export const START_ERROR_EXITS: readonly number[] = [126, 127, 128];
/** A Job that nobody looks after any more is gone after an hour. */
const TTL_SECONDS = 3600;
/** For what a drained node leaves a worker to give back what it holds. */
const TERMINATION_GRACE_SECONDS = 30;

/** The Job that runs the workers of one job, an index for each. */
export function jobManifest(workload: Workload, settings: PodSettings): V1Job {
  const { spec, workers, jobId, firstRestart } = workload;
  const labels = { ...spec.labels, ...jobLabels(workload, settings.installation) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: resourceName(jobId),
      labels,
      annotations: { [FIRST_RESTART_ANNOTATION]: String(firstRestart) },
    },
    spec: {
      parallelism: workers,
      completions: workers,
      completionMode: 'Indexed',
      backoffLimitPerIndex: FAILURES_MAX,
      // A replacement starts when its predecessor has ended: never two processes of one worker.
      podReplacementPolicy: 'Failed',
      podFailurePolicy: { rules: failureRules(workload) },
      ttlSecondsAfterFinished: TTL_SECONDS,
      suspend: KUEUE_QUEUE_LABEL in spec.labels,
      template: {
        metadata: {
          labels,
          annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
        },
        spec: podSpec(workload, settings),
      },
    },
  };
}

/** Disruptions are nobody's fault and cost a worker nothing; what cannot start is not tried again. */
const failureRules = (workload: Workload): V1PodFailurePolicyRule[] => [
  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  { action: 'FailIndex', onExitCodes: { operator: 'In', values: [...START_ERROR_EXITS] } },
  ...(hasCode(workload)
    ? [
        {
          action: 'FailIndex',
          onExitCodes: {
            containerName: CODE_CONTAINER,
            operator: 'In',
            values: [CODE_UNUSABLE_EXIT],
          },
        },
      ]
    : []),
];

/** What the containers of a job find in files. It belongs to the Job and goes with it. */
export function configMapManifest(
  workload: Workload,
  settings: PodSettings,
  job: { readonly name: string; readonly uid: string },
): V1ConfigMap {
  const { spec, jobSpecJson, configJson } = workload;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: job.name,
      labels: { ...spec.labels, ...jobLabels(workload, settings.installation) },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', controller: true, ...job }],
    },
    data: {
      'job.json': jobSpecJson,
      'config.json': mergeConfig(spec.handler?.config ?? {}, configJson),
      'assignment.json': JSON.stringify(assignmentOf(workload)),
    },
    immutable: true,
  };
}

const assignmentOf = (workload: Workload): PodAssignment => ({
  apiName: workload.apiName,
  jobId: workload.jobId,
  traceparent: workload.traceparent,
  deadLetterQueue: workload.deadLetterQueue,
  readinessProbes: (workload.spec.pod?.containers ?? []).flatMap(
    // The kubelet runs commands in a container; from another container nobody can.
    ({ readiness_probe: probe }) => (probe === null || probe.exec !== undefined ? [] : [probe]),
  ),
});

const hasCode = ({ codeKey, spec }: Workload): boolean =>
  codeKey !== null && runsDeployedCode(spec);

function podSpec(workload: Workload, settings: PodSettings): V1PodSpec {
  const { spec, codeKey } = workload;
  const affinity = affinityOf(spec);
  return {
    restartPolicy: 'Never',
    serviceAccountName: settings.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    ...(affinity !== null && { affinity }),
    ...(codeKey !== null &&
      hasCode(workload) && { initContainers: [codeContainer(settings, codeKey)] }),
    containers: [
      ...handlerContainers(spec, settings),
      workerContainer(settings, handlerPortOf(spec)),
    ],
    volumes: volumesOf(workload),
  };
}

function volumesOf({ jobId, spec }: Workload): V1Volume[] {
  const name = resourceName(jobId);
  const containers = spec.pod?.containers ?? [{ name: 'handler', compute: spec.handler?.compute }];
  return [
    { name: 'mnt', emptyDir: {} },
    { name: 'code', emptyDir: {} },
    { name: 'spec', configMap: { name, items: keys('job.json', 'config.json') } },
    { name: 'worker', configMap: { name, items: keys('assignment.json') } },
    { name: 'worker-tmp', emptyDir: {} },
    ...containers.flatMap(({ name: container, compute }) =>
      compute === undefined || compute.shm === null
        ? []
        : [
            {
              name: shmVolumeOf(container),
              emptyDir: { medium: 'Memory', sizeLimit: compute.shm },
            },
          ],
    ),
  ];
}

const keys = (...names: readonly string[]): { key: string; path: string }[] =>
  names.map((key) => ({ key, path: key }));

function affinityOf({ node_groups: groups }: ApiSpec): V1Affinity | null {
  if (groups === null || groups.length === 0) return null;
  const isOfGroup = { key: NODE_GROUP_LABEL, operator: 'In', values: [...groups] };
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [isOfGroup] }],
      },
    },
  };
}
