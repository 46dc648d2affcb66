import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { CODE_CONTAINER, WORKER_CONTAINER } from '../pod-assignment.ts';
import { endOfContainer } from './container-end.ts';
import type { PodFailure } from './pod-failure.ts';

/** What a pod's status says about the worker in it. */
export type PodState =
  | { readonly state: 'pending' | 'initializing'; readonly reason: Reason | null }
  /**
   * Something stands in its way that may pass, or may not: after `patienceMs` it is taken for final.
   */
  | {
      readonly state: 'initializing';
      readonly reason: Reason;
      readonly patienceMs: number;
    }
  | { readonly state: 'running'; readonly reason: null }
  | { readonly state: 'succeeded'; readonly reason: null }
  | PodFailure;

/** An image may be pushed a moment after the job that needs it. */
const IMAGE_PATIENCE_MS = 120_000;
/** The ConfigMap of a job is made a moment after its pods. */
const CONFIG_PATIENCE_MS = 60_000;

/** Why a container waits, by what Kubernetes calls it; other reasons are those of a normal start. */
const TROUBLES: Readonly<Record<string, { readonly kind: string; readonly patienceMs: number }>> = {
  ErrImagePull: { kind: 'worker.image_pull', patienceMs: IMAGE_PATIENCE_MS },
  ImagePullBackOff: { kind: 'worker.image_pull', patienceMs: IMAGE_PATIENCE_MS },
  ImageInspectError: { kind: 'worker.image_pull', patienceMs: IMAGE_PATIENCE_MS },
  RegistryUnavailable: { kind: 'worker.image_pull', patienceMs: IMAGE_PATIENCE_MS },
  SignatureValidationFailed: { kind: 'worker.image_pull', patienceMs: 0 },
  ErrImageNeverPull: { kind: 'worker.image_pull', patienceMs: 0 },
  InvalidImageName: { kind: 'worker.image_pull', patienceMs: 0 },
  CreateContainerConfigError: { kind: 'worker.container_config', patienceMs: CONFIG_PATIENCE_MS },
  CreateContainerError: { kind: 'worker.container_not_started', patienceMs: CONFIG_PATIENCE_MS },
  RunContainerError: { kind: 'worker.container_not_started', patienceMs: CONFIG_PATIENCE_MS },
  PreCreateHookError: { kind: 'worker.container_not_started', patienceMs: CONFIG_PATIENCE_MS },
  PostStartHookError: { kind: 'worker.container_not_started', patienceMs: CONFIG_PATIENCE_MS },
};

/**
 * The table of what pods go through and what it means for their workers.
 *
 * @param isHeard whether the worker has said that it takes batches, which the pod shows later
 */
export function podState(pod: V1Pod, isHeard: boolean): PodState {
  const { phase } = pod.status ?? {};
  const disruption = disruptionOf(pod);
  if (disruption !== null && (phase === 'Failed' || isBeingDeleted(pod))) return disruption;
  if (phase === 'Succeeded') return { state: 'succeeded', reason: null };
  const ended = endedContainer(pod);
  if (ended !== null) return ended;
  if (phase === 'Failed') return failedPod(pod);
  if (isBeingDeleted(pod)) {
    const message = 'the pod was deleted; whoever did it was not this platform';
    return { state: 'failed', verdict: 'failed', reason: { kind: 'worker.pod_deleted', message } };
  }
  return livePod(pod, isHeard);
}

/** Whether containers of a pod that counts as failed still run, and somebody has to end them. */
export const hasRunningContainers = (pod: V1Pod): boolean =>
  !isBeingDeleted(pod) && pod.status?.phase !== 'Failed' && pod.status?.phase !== 'Succeeded';

export const isBeingDeleted = (pod: V1Pod): boolean =>
  pod.metadata?.deletionTimestamp !== undefined && pod.metadata.deletionTimestamp !== null;

/** Whether the worker may be at work: its container has started and has not ended. */
export const mayWork = (pod: V1Pod): boolean =>
  statusOf(pod, WORKER_CONTAINER)?.state?.running !== undefined;

function livePod(pod: V1Pod, isHeard: boolean): PodState {
  if (pod.status?.phase === 'Pending' && !isScheduled(pod)) return unscheduled(pod);
  const trouble = troubleOf(pod);
  if (trouble !== null) return trouble;
  const isReady = statusOf(pod, WORKER_CONTAINER)?.ready === true;
  if (isHeard || isReady) return { state: 'running', reason: null };
  return { state: 'initializing', reason: null };
}

/** Preemption, a drain, an eviction, the loss of a node: what Kubernetes itself calls a disruption. */
function disruptionOf(pod: V1Pod): PodFailure | null {
  const condition = conditionOf(pod, 'DisruptionTarget');
  if (condition?.status !== 'True') return null;
  const { reason = 'no reason given', message = '' } = condition;
  return {
    state: 'failed',
    verdict: 'disrupted',
    reason: {
      kind: 'worker.disrupted',
      message: `the cluster ended the pod: ${reason}${message === '' ? '' : `: ${message}`}`,
    },
  };
}

/** A pod that failed as a whole: evicted by its node, refused by it, or out of time. */
function failedPod(pod: V1Pod): PodFailure {
  const { reason = 'no reason given', message = '' } = pod.status ?? {};
  const wantsMemory = reason === 'Evicted' && /low on resource: memory/i.test(message);
  const kind = wantsMemory ? 'worker.oom' : `worker.pod_failed`;
  const text = `the pod failed: ${reason}${message === '' ? '' : `: ${message}`}`;
  return { state: 'failed', verdict: 'failed', reason: { kind, message: text } };
}

/** The first of the containers that has ended: in a worker's pod none may before it is told to. */
function endedContainer(pod: V1Pod): PodFailure | null {
  const init = pod.status?.initContainerStatuses ?? [];
  const code = init.find(({ name, state }) => name === CODE_CONTAINER && hasFailed(state));
  if (code !== undefined) return endOfContainer(code);
  const ended = (pod.status?.containerStatuses ?? [])
    .filter(({ state }) => state?.terminated !== undefined)
    .sort((one, other) => precedence(one) - precedence(other))[0];
  return ended === undefined ? null : endOfContainer(ended);
}

/** A worker whose handler has died ends too, so the handler is the cause; an end by force, the consequence. */
function precedence({ name, state }: V1ContainerStatus): number {
  if (name === WORKER_CONTAINER) return 2;
  return state?.terminated?.exitCode === 0 ? 1 : 0;
}

const hasFailed = (state: V1ContainerStatus['state']): boolean =>
  state?.terminated !== undefined && state.terminated.exitCode !== 0;

function unscheduled(pod: V1Pod): PodState {
  const condition = conditionOf(pod, 'PodScheduled');
  if (condition?.status !== 'False') return { state: 'pending', reason: null };
  const kind = condition.reason === 'SchedulingGated' ? 'worker.gated' : 'worker.unschedulable';
  const message = `no node takes the pod: ${condition.message ?? condition.reason ?? 'no reason given'}`;
  return { state: 'pending', reason: { kind, message } };
}

function troubleOf(pod: V1Pod): PodState | null {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  for (const { name, image, state } of [...initContainerStatuses, ...containerStatuses]) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    const trouble = TROUBLES[reason];
    if (trouble === undefined) continue;
    const text = `container "${name}" (image ${image}) does not start: ${reason}${message === '' ? '' : `: ${message}`}`;
    const { kind, patienceMs } = trouble;
    return { state: 'initializing', patienceMs, reason: { kind, message: text } };
  }
  return null;
}

const isScheduled = (pod: V1Pod): boolean =>
  pod.spec?.nodeName !== undefined || conditionOf(pod, 'PodScheduled')?.status === 'True';

const conditionOf = (
  pod: V1Pod,
  type: string,
): { readonly status: string; readonly reason?: string; readonly message?: string } | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type);

const statusOf = (pod: V1Pod, container: string): V1ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find(({ name }) => name === container);
