import { describe, expect, it } from '@jest/globals';
import type { V1ContainerState, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { podState } from './pod-state.ts';

const WORKER = 'cortex-worker';
const scheduled = [{ type: 'PodScheduled', status: 'True' }];
const container = (
  name: string,
  state: V1ContainerState,
  changes: Partial<V1ContainerStatus> = {},
): V1ContainerStatus => ({
  name,
  image: 'img:1',
  imageID: '',
  restartCount: 0,
  ready: false,
  state,
  ...changes,
});
const up = { running: {} };
const waiting = (reason: string, message = 'so it is'): V1ContainerState => ({
  waiting: { reason, message },
});
const ended = (exitCode: number, reason = 'Error', message = ''): V1ContainerState => ({
  terminated: { exitCode, reason, message },
});
const aPod = (
  status: V1Pod['status'],
  metadata: V1Pod['metadata'] = {},
  isScheduled = true,
): V1Pod => ({
  metadata: Object.assign({ name: 'pod-1' }, metadata),
  spec: { containers: [], ...(isScheduled && { nodeName: 'node-1' }) },
  status: Object.assign({ conditions: scheduled }, status),
});
const running = (...containerStatuses: V1ContainerStatus[]): V1Pod =>
  aPod({ phase: 'Running', containerStatuses });
const creating = (reason: string): V1Pod =>
  aPod({ phase: 'Pending', containerStatuses: [container('api', waiting(reason))] });
const unscheduled = (reason: string, message: string): V1Pod =>
  aPod(
    { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason, message }] },
    {},
    false,
  );
const disrupted = (reason: string, phase = 'Failed'): V1Pod =>
  aPod(
    {
      phase,
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'because' }],
      containerStatuses: [container('api', ended(137)), container(WORKER, ended(143))],
    },
    phase === 'Failed' ? {} : { deletionTimestamp: new Date() },
  );
const failedAs = (reason: string, message: string): V1Pod =>
  aPod({ phase: 'Failed', reason, message });

const failure = (verdict: string, kind: string, message: string): object => ({
  state: 'failed',
  verdict,
  reason: { kind, message: expect.stringContaining(message) },
});
const trouble = (kind: string, patienceMs: number): object => ({
  state: 'initializing',
  patienceMs,
  reason: { kind, message: expect.stringContaining('container "api" (image img:1)') },
});

describe('what the state of a pod means for its worker', () => {
  it.each<[string, V1Pod, object]>([
    // Before it has a node.
    [
      'new',
      aPod({ phase: 'Pending', conditions: [] }, {}, false),
      { state: 'pending', reason: null },
    ],
    [
      'unschedulable',
      unscheduled('Unschedulable', '0/3 nodes are available'),
      {
        state: 'pending',
        reason: {
          kind: 'worker.unschedulable',
          message: 'no node takes the pod: 0/3 nodes are available',
        },
      },
    ],
    [
      'held by a gate',
      unscheduled('SchedulingGated', 'gated'),
      { state: 'pending', reason: { kind: 'worker.gated', message: expect.any(String) } },
    ],
    // On its way up.
    ['creating containers', creating('ContainerCreating'), { state: 'initializing', reason: null }],
    [
      'running its init container',
      creating('PodInitializing'),
      { state: 'initializing', reason: null },
    ],
    ['without its image', creating('ErrImagePull'), trouble('worker.image_pull', 120_000)],
    [
      'still without its image',
      creating('ImagePullBackOff'),
      trouble('worker.image_pull', 120_000),
    ],
    ['with a bad image name', creating('InvalidImageName'), trouble('worker.image_pull', 0)],
    ['forbidden to pull', creating('ErrImageNeverPull'), trouble('worker.image_pull', 0)],
    [
      'without its ConfigMap',
      creating('CreateContainerConfigError'),
      trouble('worker.container_config', 60_000),
    ],
    [
      'with a container that cannot be made',
      creating('CreateContainerError'),
      trouble('worker.container_not_started', 60_000),
    ],
    [
      'with code that cannot be used',
      aPod({
        phase: 'Pending',
        initContainerStatuses: [
          container('cortex-code', ended(65, 'Error', 'there is no archive')),
        ],
      }),
      failure('final', 'worker.code_unusable', 'there is no archive'),
    ],
    [
      'with code that could not be fetched',
      aPod({
        phase: 'Failed',
        initContainerStatuses: [container('cortex-code', ended(1, 'Error', 'timeout'))],
      }),
      failure('failed', 'worker.code_not_fetched', 'timeout'),
    ],
    // At work.
    [
      'up, its worker not ready',
      running(container('api', up), container(WORKER, up)),
      { state: 'initializing', reason: null },
    ],
    [
      'up, its worker ready',
      running(container('api', up), container(WORKER, up, { ready: true })),
      { state: 'running', reason: null },
    ],
    [
      'on a node that nobody hears of',
      aPod({
        phase: 'Unknown',
        containerStatuses: [container(WORKER, up, { ready: true })],
      }),
      { state: 'running', reason: null },
    ],
    ['done', aPod({ phase: 'Succeeded' }), { state: 'succeeded', reason: null }],
    // A container has ended.
    [
      'without its handler',
      running(container('api', ended(3, 'Error', 'leaving')), container(WORKER, up)),
      failure(
        'failed',
        'worker.container_exited',
        'container "api" exited with code 3; its last output:\nleaving',
      ),
    ],
    [
      'without its handler, which was killed for its memory',
      running(container('api', ended(137, 'OOMKilled')), container(WORKER, up)),
      failure('failed', 'worker.oom', 'container "api" was killed by SIGKILL (OOMKilled)'),
    ],
    [
      'without its handler, whose Node ran out of memory',
      running(
        container('api', ended(134, 'Error', 'FATAL ERROR: JavaScript heap out of memory')),
        container(WORKER, up),
      ),
      failure('failed', 'worker.oom', 'SIGABRT'),
    ],
    [
      'without its handler, whose command is not there',
      running(container('api', ended(128, 'StartError', 'no such file')), container(WORKER, up)),
      failure('final', 'worker.container_not_started', 'no such file'),
    ],
    [
      'without its handler, whose shell found no command',
      running(container('api', ended(127)), container(WORKER, up)),
      failure('final', 'worker.container_not_started', 'code 127'),
    ],
    [
      'without its worker, which was killed',
      running(container('api', up), container(WORKER, ended(137))),
      failure('failed', 'worker.died', 'container "cortex-worker" was killed by SIGKILL'),
    ],
    [
      'without its worker, which said why',
      running(
        container('api', up),
        container(WORKER, ended(1, 'Error', '{"kind":"worker.broke","message":"no disk"}')),
      ),
      failure('failed', 'worker.broke', 'no disk'),
    ],
    [
      'without both: the handler is the cause',
      running(
        container(WORKER, ended(1, 'Error', '{"kind":"worker.handler_gone","message":"x"}')),
        container('api', ended(9, 'Error', 'the cause')),
      ),
      failure('failed', 'worker.container_exited', 'the cause'),
    ],
    // The whole pod has ended.
    [
      'preempted',
      disrupted('PreemptionByScheduler'),
      failure('disrupted', 'worker.disrupted', 'PreemptionByScheduler: because'),
    ],
    [
      'drained',
      disrupted('EvictionByEvictionAPI', 'Running'),
      failure('disrupted', 'worker.disrupted', 'EvictionByEvictionAPI'),
    ],
    [
      'on a lost node',
      disrupted('DeletionByTaintManager', 'Running'),
      failure('disrupted', 'worker.disrupted', 'DeletionByTaintManager'),
    ],
    [
      'collected with its node',
      disrupted('DeletionByPodGC'),
      failure('disrupted', 'worker.disrupted', 'DeletionByPodGC'),
    ],
    [
      'ended by its node',
      disrupted('TerminationByKubelet'),
      failure('disrupted', 'worker.disrupted', 'TerminationByKubelet'),
    ],
    [
      'evicted for its disk',
      failedAs('Evicted', 'The node was low on resource: ephemeral-storage.'),
      failure('failed', 'worker.pod_failed', 'Evicted'),
    ],
    [
      'evicted for its memory',
      failedAs('Evicted', 'The node was low on resource: memory.'),
      failure('failed', 'worker.oom', 'low on resource: memory'),
    ],
    [
      'refused by its node',
      failedAs('OutOfcpu', 'Node did not have enough resource'),
      failure('failed', 'worker.pod_failed', 'OutOfcpu'),
    ],
    [
      'deleted by somebody',
      aPod(
        { phase: 'Running', containerStatuses: [container(WORKER, up, { ready: true })] },
        { deletionTimestamp: new Date() },
      ),
      failure('failed', 'worker.pod_deleted', 'was deleted'),
    ],
  ])('a pod that is %s', (_, pod, state) => {
    expect(podState(pod, false)).toEqual(state);
  });

  it('is running when its worker says so before the pod shows it', () => {
    const pod = running(container('api', up), container(WORKER, up));
    expect(podState(pod, true)).toEqual({ state: 'running', reason: null });
  });

  it('is not running when its worker has said so and died', () => {
    const pod = running(container('api', up), container(WORKER, ended(1)));
    expect(podState(pod, true)).toMatchObject({ state: 'failed' });
  });
});
