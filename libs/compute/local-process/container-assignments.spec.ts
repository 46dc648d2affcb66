import { describe, expect, it } from '@jest/globals';
import { anApiSpec } from '#test/support/api.builders.ts';
import { aContainer, aPod } from '#test/support/workload.builders.ts';
import { containerAssignments, type HandlerPlace } from './container-assignments.ts';

const place: HandlerPlace = {
  files: { folder: '/jobs/1', specFile: '/jobs/1/job.json', configFile: '/jobs/1/config.json' },
  folder: '/code/1',
  port: 40_001,
  env: { PATH: '/bin', CORTEX_PORT: '1' },
  runners: { python: ['python3', 'runner.py'], node: ['node', 'runner.js'] },
};
const timing = {
  initial_delay_seconds: 0,
  timeout_seconds: 1,
  period_seconds: 10,
  success_threshold: 1,
  failure_threshold: 3,
};

describe('the processes of a worker', () => {
  it('runs a container’s command with its arguments where the code is', () => {
    const pod = aPod({ command: ['python3', 'main.py'], args: ['--fast'], env: { A: 'b' } });

    const [container] = containerAssignments(anApiSpec({ handler: null, pod }), place);

    expect(container).toEqual({
      name: 'api',
      command: ['python3', 'main.py', '--fast'],
      cwd: '/code/1',
      env: {
        PATH: '/bin',
        PYTHONUNBUFFERED: '1',
        A: 'b',
        CORTEX_PORT: '40001',
        CORTEX_JOB_SPEC: '/jobs/1/job.json',
        CORTEX_CONFIG: '/jobs/1/config.json',
      },
      readinessProbe: null,
      livenessProbe: null,
      memoryLimit: null,
    });
  });

  it.each([
    ['tcp_socket', { tcp_socket: { port: 8080 } }, { tcp_socket: { port: 40_001 } }],
    [
      'http_get',
      { http_get: { port: 8080, path: '/up' } },
      { http_get: { port: 40_001, path: '/up' } },
    ],
    ['a port of its own', { tcp_socket: { port: 9090 } }, { tcp_socket: { port: 9090 } }],
  ])('probes the worker’s port in the place of the pod’s: %s', (_case, asked, made) => {
    const probe = { ...timing, ...asked };
    const container = aContainer({ readiness_probe: probe, liveness_probe: probe });
    const spec = anApiSpec({ handler: null, pod: { port: 8080, containers: [container] } });

    expect(containerAssignments(spec, place)).toMatchObject([
      { readinessProbe: { ...timing, ...made }, livenessProbe: { ...timing, ...made } },
    ]);
  });

  it('limits the memory of containers and of functions', () => {
    const compute = { cpu: '200m', mem: '1.5Gi', gpu: 0, inf: 0, shm: null };
    const memoryLimit = { bytes: 1.5 * 2 ** 30, quantity: '1.5Gi' };
    const handler = { type: 'node', path: 'h.js', config: {}, env: {}, compute } as const;
    const pod = aPod({ compute });

    expect(containerAssignments(anApiSpec({ handler }), place)).toMatchObject([{ memoryLimit }]);
    expect(containerAssignments(anApiSpec({ handler: null, pod }), place)).toMatchObject([
      { memoryLimit },
    ]);
  });

  it('serves a function by the runner of its language', () => {
    const [container] = containerAssignments(anApiSpec(), place);
    expect(container?.command).toEqual(['node', 'runner.js', 'handler.js']);
  });
});
