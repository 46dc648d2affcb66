import { describe, expect, it } from '@jest/globals';
import type { V1ConfigMap, V1Container, V1Job } from '@kubernetes/client-node';
import { ObjectSerializer } from '@kubernetes/client-node/dist/serializer.js';
import { Job } from 'kubernetes-models/batch/v1';
import { ConfigMap } from 'kubernetes-models/v1';
import type { ApiSpec, Probe } from '#libs/domain/api/api-spec.ts';
import { anApiSpec } from '#test/support/api.builders.ts';
import { aContainer, aPod, aWorkload } from '#test/support/workload.builders.ts';
import { configMapManifest, jobManifest } from './job-manifest.ts';
import type { PodSettings } from './pod-settings.ts';

const settings: PodSettings = {
  installation: 'abcd1234',
  image: 'cortex-batch:1',
  cpuRequest: '100m',
  memRequest: '150Mi',
  memLimit: '300Mi',
  serviceAccount: 'workers',
  env: { NATS_URL: 'nats://nats:4222' },
  commands: {
    worker: ['node', 'worker.js'],
    fetchCode: ['node', 'fetch.js'],
    runners: { python: ['python3', '-u', 'runner.py'], node: ['node', 'runner.js'] },
  },
};
const probe: Probe = {
  initial_delay_seconds: 1,
  timeout_seconds: 2,
  period_seconds: 3,
  success_threshold: 1,
  failure_threshold: 4,
};
const rich = anApiSpec({
  handler: null,
  node_groups: ['gpu', 'spot'],
  labels: { 'kueue.x-k8s.io/queue-name': 'research', team: 'vision' },
  pod: {
    port: 9000,
    containers: [
      aContainer({
        image: 'model:1',
        args: ['--fast'],
        env: { MODE: 'x' },
        compute: { cpu: '2', mem: '4Gi', gpu: 1, inf: 2, shm: '1Gi' },
        readiness_probe: { ...probe, http_get: { port: 9000, path: '/up' } },
        liveness_probe: { ...probe, tcp_socket: { port: 9000 } },
      }),
      aContainer({
        name: 'side',
        image: 'side:1',
        liveness_probe: { ...probe, exec: { command: ['true'] } },
        readiness_probe: { ...probe, exec: { command: ['true'] } },
      }),
    ],
  },
});
const specs: readonly (readonly [string, ApiSpec])[] = [
  ['a Node function', anApiSpec()],
  [
    'a Python function',
    anApiSpec({ handler: { ...anApiSpec().handler, type: 'python', path: 'h.py' } as never }),
  ],
  ['a container', anApiSpec({ handler: null, pod: aPod({ image: 'api:1', command: [] }) })],
  ['a container without an image', anApiSpec({ handler: null, pod: aPod() })],
  ['several containers with everything', rich],
];

/** What the schema has against a manifest; members that it does not know are what the client drops. */
function problemsOf(manifest: V1Job | V1ConfigMap): string[] {
  const isJob = manifest.kind === 'Job';
  const sent: unknown = ObjectSerializer.serialize(manifest, isJob ? 'V1Job' : 'V1ConfigMap');
  const problems: string[] = [];
  try {
    const model = isJob ? new Job(manifest as never) : new ConfigMap(manifest as never);
    model.validate();
  } catch (error) {
    problems.push(String(error));
  }
  const isComplete =
    JSON.stringify(sortedMembers(sent)) === JSON.stringify(sortedMembers(manifest));
  return isComplete ? problems : [...problems, 'has members that Kubernetes does not know'];
}

const sortedMembers = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortedMembers);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return members
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, member]) => [name, sortedMembers(member)]);
};

const manifestOf = (spec: ApiSpec, codeKey: string | null = 'code/1'): V1Job =>
  jobManifest(aWorkload({ spec, codeKey, workers: 3 }), settings);
const podOf = (job: V1Job): NonNullable<NonNullable<V1Job['spec']>['template']['spec']> =>
  job.spec?.template.spec as never;
const initNamesOf = (job: V1Job): unknown => podOf(job).initContainers?.map(({ name }) => name);
const containerOf = (job: V1Job, name: string): V1Container | undefined =>
  [...podOf(job).containers, ...(podOf(job).initContainers ?? [])].find((one) => one.name === name);

describe.each(specs)('the Job for %s', (_, spec) => {
  const workload = aWorkload({ spec, codeKey: 'code/1', workers: 3 });
  const job = jobManifest(workload, settings);

  const configMap = configMapManifest(workload, settings, { name: 'x', uid: 'u' });

  it('is one by the schema of Kubernetes, and so is its ConfigMap', () => {
    expect(problemsOf(job)).toEqual([]);
    expect(problemsOf(configMap)).toEqual([]);
  });

  it('mounts no token, and has nothing that is privileged', () => {
    const pod = podOf(job);
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.securityContext?.seccompProfile?.type).toBe('RuntimeDefault');
    for (const { securityContext } of [...pod.containers, ...(pod.initContainers ?? [])]) {
      expect(securityContext).toMatchObject({
        privileged: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  it('lets nothing run as root in our image', () => {
    const pod = podOf(job);
    const ours = [...pod.containers, ...(pod.initContainers ?? [])].filter(
      ({ image }) => image === settings.image,
    );
    expect(ours.map(({ securityContext }) => securityContext?.runAsNonRoot)).toEqual(
      ours.map(() => true),
    );
  });

  it('locks the containers that are ours', () => {
    expect(containerOf(job, 'cortex-worker')?.securityContext).toEqual({
      privileged: false,
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });
});

describe('the schema of Kubernetes', () => {
  it.each([
    ['an unknown member', { nonsense: 1 }],
    ['a wrong type', { parallelism: 'three' }],
  ])('finds %s', (_, changes) => {
    const job = manifestOf(anApiSpec());
    Object.assign(job.spec ?? {}, changes);
    expect(problemsOf(job)).not.toEqual([]);
  });
});

describe('the Job of a job', () => {
  it('has an index for each worker, and replaces pods as far as that may help', () => {
    expect(manifestOf(anApiSpec()).spec).toMatchObject({
      parallelism: 3,
      completions: 3,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 5,
      suspend: false,
      ttlSecondsAfterFinished: 3600,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailIndex', onExitCodes: { operator: 'In', values: [126, 127, 128] } },
          { action: 'FailIndex', onExitCodes: { containerName: 'cortex-code', values: [65] } },
        ],
      },
    });
  });

  it('can be found by what people know', () => {
    const { metadata, spec } = manifestOf(rich);
    for (const labels of [metadata?.labels, spec?.template.metadata?.labels]) {
      expect(labels).toEqual({
        'app.kubernetes.io/name': 'cortex-batch',
        'app.kubernetes.io/component': 'worker',
        'app.kubernetes.io/managed-by': 'cortex-batch',
        'app.kubernetes.io/instance': 'sum',
        'cortex.dev/api': 'sum',
        'cortex.dev/job-id': '00000000000000aa',
        'cortex.dev/installation': 'abcd1234',
        'kueue.x-k8s.io/queue-name': 'research',
        team: 'vision',
      });
    }
  });

  it('waits for Kueue when it names a queue of its', () => {
    expect(manifestOf(rich).spec?.suspend).toBe(true);
  });

  it('asks for what the handler needs', () => {
    const job = manifestOf(rich);
    const devices = { 'nvidia.com/gpu': '1', 'aws.amazon.com/neuron': '2' };
    expect(containerOf(job, 'api')).toMatchObject({
      image: 'model:1',
      command: ['node', 'serve.mjs'],
      args: ['--fast'],
      env: expect.arrayContaining([
        { name: 'MODE', value: 'x' },
        { name: 'CORTEX_PORT', value: '9000' },
        { name: 'CORTEX_JOB_SPEC', value: '/cortex/spec/job.json' },
      ]),
      resources: {
        requests: { cpu: '2', memory: '4Gi', ...devices },
        limits: { memory: '4Gi', ...devices },
      },
      readinessProbe: {
        httpGet: { port: 9000, path: '/up' },
        periodSeconds: 3,
        failureThreshold: 4,
      },
      livenessProbe: { tcpSocket: { port: 9000 }, initialDelaySeconds: 1, timeoutSeconds: 2 },
    });
    const shm = { name: 'shm-api', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } };
    expect(podOf(job).volumes).toContainEqual(shm);
    expect(containerOf(job, 'api')?.volumeMounts).toContainEqual({
      name: 'shm-api',
      mountPath: '/dev/shm',
    });
    expect(containerOf(job, 'api')?.volumeMounts).toContainEqual({
      name: 'mnt',
      mountPath: '/mnt',
    });
    expect(containerOf(job, 'cortex-worker')?.resources).toEqual({
      requests: { cpu: '100m', memory: '150Mi' },
      limits: { memory: '300Mi' },
    });
  });

  it('runs on the node groups that were asked for', () => {
    const [term] =
      podOf(manifestOf(rich)).affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        ?.nodeSelectorTerms ?? [];
    expect(term?.matchExpressions).toEqual([
      { key: 'cortex.dev/node-group', operator: 'In', values: ['gpu', 'spot'] },
    ]);
    expect(podOf(manifestOf(anApiSpec())).affinity).toBeUndefined();
  });

  it('fetches code only for handlers that run from it', () => {
    expect(initNamesOf(manifestOf(anApiSpec()))).toEqual(['cortex-code']);
    expect(initNamesOf(manifestOf(anApiSpec({ handler: null, pod: aPod() })))).toEqual([
      'cortex-code',
    ]);
    expect(initNamesOf(manifestOf(rich))).toBeUndefined();
    expect(initNamesOf(manifestOf(anApiSpec(), null))).toBeUndefined();
  });

  it('serves a function by our runner, from the deployed folder', () => {
    expect(containerOf(manifestOf(anApiSpec()), 'handler')).toMatchObject({
      image: 'cortex-batch:1',
      command: ['node'],
      args: ['runner.js', 'handler.js'],
      workingDir: '/cortex/code',
    });
  });

  it('says in its ConfigMap what handlers and workers read', () => {
    const workload = aWorkload({ spec: rich, configJson: '{"a":9007199254740993}' });
    const { data, metadata } = configMapManifest(workload, settings, { name: 'x', uid: 'u' });
    expect(metadata?.ownerReferences).toEqual([
      { apiVersion: 'batch/v1', kind: 'Job', name: 'x', uid: 'u', controller: true },
    ]);
    expect(data?.['job.json']).toBe(workload.jobSpecJson);
    expect(data?.['config.json']).toBe('{"a":9007199254740993}');
    expect(JSON.parse(data?.['assignment.json'] ?? '')).toMatchObject({
      apiName: 'sum',
      jobId: '00000000000000aa',
      readinessProbes: [{ http_get: { port: 9000, path: '/up' } }], // What runs in a container is the kubelet's.
    });
  });
});
