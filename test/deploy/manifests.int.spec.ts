import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { kustomizeBuild } from '#test/support/kustomize.ts';
import { composeServices } from './compose-file.ts';
import { STREAMING_ENV, STREAMING_SERVICES } from '../../services/standalone/service-process.ts';
import {
  type Container,
  environmentOf,
  isWorkload,
  type Manifest,
  parseManifests,
  schemaProblems,
  type Workload,
} from './manifests.ts';
import { flagProblems, programOf, settingProblems } from './program-settings.ts';

const root = join(import.meta.dirname, '../..');
const OVERLAYS = 'deploy/kubernetes/overlays';
/** It may have to be installed first. */
const BUILD_MS_MAX = 300_000;

/** Everything that the scheduler asks of a cluster. */
const ASKED = [
  {
    apiGroups: ['batch'],
    resources: ['jobs'],
    verbs: ['create', 'delete', 'get', 'list', 'watch'],
  },
  { apiGroups: [''], resources: ['pods'], verbs: ['delete', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'delete'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] },
];

describe.each(readdirSync(join(root, OVERLAYS)))('the manifests of %s', (overlay) => {
  let manifests: readonly Manifest[];
  let workloads: readonly Workload[];
  let services: readonly Workload[];

  beforeAll(async () => {
    manifests = parseManifests(await kustomizeBuild(`${OVERLAYS}/${overlay}`));
    workloads = manifests.filter(isWorkload);
    services = workloads.filter(({ metadata }) => metadata.name.startsWith('cortex-'));
  }, BUILD_MS_MAX);

  const ofKind = (kind: string): readonly Manifest[] =>
    manifests.filter((manifest) => manifest.kind === kind);

  it('have every service, two of each', () => {
    expect(namesOf(services).toSorted()).toEqual([
      'cortex-enqueuer',
      'cortex-gateway',
      'cortex-scheduler',
      'cortex-status-projector',
    ]);
    expect(services.map(({ spec }) => spec.replicas)).toEqual([2, 2, 2, 2]);
    expect(namesOf(ofKind('PodDisruptionBudget')).toSorted()).toEqual(namesOf(services).toSorted());
  });

  it('are what the schema of Kubernetes allows', async () => {
    const problems = await Promise.all(manifests.map(schemaProblems));
    expect(problems.flat()).toEqual([]);
  });

  it('give every service only settings that it reads, with values that it takes', () => {
    const problems = services.flatMap((service) => {
      const container = containerOf(service);
      const program = programOf(container.args ?? []) ?? 'none';
      return settingProblems(program, environmentOf(container, manifests));
    });
    expect(problems).toEqual([]);
  });

  it('start every service with the flags of npm start', () => {
    const problems = services.flatMap((service) => flagProblems(containerOf(service).args ?? []));
    expect(problems).toEqual([]);
  });

  it('keep the memory of services that data streams through as small as npm start does', () => {
    for (const name of STREAMING_SERVICES) {
      const container = containerOf(findNamed(services, `cortex-${name}`));
      expect(environmentOf(container, manifests)).toMatchObject(STREAMING_ENV);
    }
  });

  it('start programs that there are, also as probes', () => {
    const started = services.flatMap((service) => {
      const { args, readinessProbe } = containerOf(service);
      return [programOf(args ?? []), programOf(readinessProbe?.exec?.command ?? args ?? [])];
    });
    expect(started).toHaveLength(8);
    expect(started.filter((program) => !existsSync(join(root, program ?? '', 'main.ts')))).toEqual(
      [],
    );
  });

  it('run the images that compose runs, the workers that of the scheduler', () => {
    const images = new Set(workloads.map((workload) => containerOf(workload).image));
    const composed = new Set(Object.values(composeServices()).map(({ image }) => image));
    expect([...images].filter((image) => !composed.has(image))).toEqual([]);
    const scheduler = containerOf(findNamed(services, 'cortex-scheduler'));
    expect(environmentOf(scheduler, manifests)['WORKER_IMAGE']).toBe(scheduler.image);
  });

  it('keep every pod to the restricted Pod Security Standard, with limits', () => {
    for (const { spec } of workloads) {
      const pod = spec.template.spec;
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { securityContext, resources } of pod.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources).toMatchObject({
          requests: { cpu: expect.any(String), memory: expect.any(String) },
          limits: { memory: expect.any(String) },
        });
      }
    }
  });

  it('give the token of an account to the scheduler alone', () => {
    const holders = workloads.filter(
      ({ spec }) => spec.template.spec.automountServiceAccountToken !== false,
    );
    expect(namesOf(holders)).toEqual(['cortex-scheduler']);
    const accounts = ofKind('ServiceAccount');
    const used = services.map(({ spec }) => spec.template.spec.serviceAccountName);
    expect(new Set(namesOf(accounts))).toEqual(new Set([...used, 'cortex-worker']));
  });

  it('let the scheduler keep jobs in its own namespace, and nobody do anything else', () => {
    const grants = manifests.filter(({ apiVersion }) => apiVersion.startsWith('rbac.'));
    expect(grants.map(({ kind }) => kind).toSorted()).toEqual(['Role', 'RoleBinding']);
    expect(findNamed(ofKind('RoleBinding'), 'cortex-scheduler')).toMatchObject({
      roleRef: { kind: 'Role', name: 'cortex-scheduler' },
      subjects: [{ kind: 'ServiceAccount', name: 'cortex-scheduler', namespace: 'cortex' }],
    });
    expect(findNamed(ofKind('Role'), 'cortex-scheduler')).toMatchObject({ rules: ASKED });
  });

  it('put everything into one namespace', () => {
    const outside = manifests.filter(
      ({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== 'cortex',
    );
    expect(namesOf(outside)).toEqual([]);
  });
});

const containerOf = ({ spec }: Workload): Container =>
  spec.template.spec.containers[0] as Container;

const namesOf = (found: readonly Manifest[]): readonly string[] =>
  found.map(({ metadata }) => metadata.name);

const findNamed = <Found extends Manifest>(all: readonly Found[], name: string): Found => {
  const found = all.find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

/** A Deployment that is good but for what `spec` changes. */
const deployment = (spec: object): Manifest & { readonly spec: object } => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'a' },
  spec: { selector: {}, template: { spec: { containers: [{ name: 'a' }] } }, ...spec },
});

describe('the check of manifests', () => {
  it('finds nothing in a good one', async () => {
    expect(await schemaProblems(deployment({ replicas: 1 }))).toEqual([]);
  });

  it('finds a member of another type, one that is missing, and one that is unknown', async () => {
    expect(await schemaProblems(deployment({ replicas: 'two' }))).toEqual([
      expect.stringContaining('replicas must be integer'),
    ]);
    expect(await schemaProblems(deployment({ selector: undefined }))).not.toEqual([]);
    expect(await schemaProblems(deployment({ replica: 2 }))).toEqual([
      'Deployment a: /spec/replica is unknown',
    ]);
  });

  it('finds a kind that the version does not have', async () => {
    const problems = await schemaProblems({ ...deployment({}), kind: 'Deploymint' });
    expect(problems).toEqual([expect.stringContaining('there is no such kind')]);
  });
});
