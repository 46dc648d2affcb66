import type { Workload } from '#libs/compute/compute.port.ts';
import type { ContainerSpec, PodSpec } from '#libs/domain/api/api-spec.ts';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { anApiSpec } from './api.builders.ts';

/** A container that runs `serve.mjs` of the handlers for tests. */
export const aContainer = (changes: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name: 'api',
  image: null,
  command: ['node', 'serve.mjs'],
  args: [],
  env: {},
  compute: { cpu: '200m', mem: null, gpu: 0, inf: 0, shm: null },
  readiness_probe: null,
  liveness_probe: null,
  ...changes,
});

export const aPod = (container: Partial<ContainerSpec> = {}): PodSpec => ({
  port: 8080,
  containers: [aContainer(container)],
});

/** A job for one worker with a command handler. */
export const aWorkload = (changes: Partial<Workload> = {}): Workload => ({
  apiName: apiName('sum'),
  jobId: jobId('00000000000000aa'),
  spec: anApiSpec({ handler: null, pod: aPod() }),
  codeKey: null,
  workers: 1,
  firstRestart: 0,
  jobSpecJson: '{"job_id":"00000000000000aa"}',
  configJson: null,
  traceparent: null,
  deadLetterQueue: null,
  ...changes,
});
