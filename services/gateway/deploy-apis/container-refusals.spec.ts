import { describe, expect, it } from '@jest/globals';
import { aHandlerApi, aPodApi } from '#test/support/gateway.ts';
import {
  KUBERNETES,
  LOCAL,
  readConfigurations as read,
  refusalOf,
} from '#test/support/refused-configurations.ts';
import { readApiSpecs } from './read-api-specs.ts';

const container = (changes: object): object =>
  aPodApi({ pod: { containers: [{ name: 'api', command: ['true'], ...changes }] } });
const withContainers = (...containers: readonly unknown[]): Buffer =>
  Buffer.from(JSON.stringify([aPodApi({ pod: { containers } })]));

const NO_NUL = 'must not contain a NUL character: no process can be started with one';

describe('reading the containers of an API', () => {
  it.each<[string, unknown, string]>([
    [
      'an unknown key of a container',
      container({ cmd: [] }),
      'sum: pod.containers.0: key "cmd" is not supported',
    ],
    [
      'no containers',
      aPodApi({ pod: { containers: [] } }),
      'sum: pod.containers: must contain at least 1 elements',
    ],
    [
      'no command',
      container({ command: undefined }),
      'sum: pod.containers.0.command: must be defined',
    ],
    [
      'an empty command',
      container({ command: [] }),
      'sum: pod.containers.0.command: must contain at least 1 elements',
    ],
    [
      'a command that is no list',
      container({ command: 'true' }),
      'sum: pod.containers.0.command: must be an array (got "true")',
    ],
    [
      'a reserved container name',
      container({ name: 'dequeuer' }),
      'sum: pod.containers.0.name: "dequeuer" is reserved; use another name',
    ],
    ...['cortex-worker', 'cortex-code'].map((name): [string, unknown, string] => [
      `the name of a container that a pod has anyway (${name})`,
      container({ name }),
      `sum: pod.containers.0.name: "${name}" is reserved; use another name`,
    ]),
    [
      'a command with a NUL character',
      container({ command: ['tr\0ue'] }),
      `sum: pod.containers.0.command.0: ${NO_NUL}`,
    ],
    [
      'an argument with a NUL character',
      container({ args: ['-a', '\0'] }),
      `sum: pod.containers.0.args.1: ${NO_NUL}`,
    ],
    [
      'a variable with a NUL character',
      container({ env: { A: '\0' } }),
      `sum: pod.containers.0.env.A: ${NO_NUL}`,
    ],
    [
      'a command of a probe with a NUL character',
      container({ liveness_probe: { exec: { command: ['test', '\0'] } } }),
      `sum: pod.containers.0.liveness_probe.exec.command.1: ${NO_NUL}`,
    ],
    ...['up', '/a b', '/\n', '/caf\u00e9', '/\u20ac'].map((path): [string, unknown, string] => [
      `a path of a probe that cannot be asked for (${JSON.stringify(path)})`,
      container({ readiness_probe: { http_get: { port: 1, path } } }),
      'sum: pod.containers.0.readiness_probe.http_get.path: must start with "/" and contain only printable ASCII characters and no spaces; write others percent-encoded, e.g. "%20"',
    ]),
    [
      'reserved variables',
      container({ env: { CORTEX_PORT: '1' } }),
      'sum: pod.containers.0.env.CORTEX_PORT: environment variables starting with CORTEX_ or KUBEXIT_ are reserved',
    ],
    [
      'variables that are no text',
      container({ env: { A: 1 } }),
      'sum: pod.containers.0.env.A: must be a string (got 1)',
    ],
    [
      'variables with impossible names',
      container({ env: { 'A=B': '1' } }),
      'sum: pod.containers.0.env.A=B: "A=B" is not the name of an environment variable',
    ],
    [
      'no name of a container',
      container({ name: undefined }),
      'containers.0.name: must be defined',
    ],
    [
      'a long name of a container',
      container({ name: 'a'.repeat(64) }),
      'sum: pod.containers.0.name: must not be longer than 63 characters',
    ],
    [
      'a name of a container that is no DNS label',
      container({ name: 'my_api' }),
      'sum: pod.containers.0.name: must contain only lower case letters, numbers, and dashes',
    ],
    ['an empty image', container({ image: '' }), 'sum: pod.containers.0.image: cannot be empty'],
    [
      'a large port',
      aPodApi({ pod: { port: 65_536, containers: [] } }),
      'sum: pod.port: must be less than or equal to 65535 (got 65536)',
    ],
    ...[8889, 15_000].map((port): [string, unknown, string] => [
      `the reserved port ${port}`,
      aPodApi({ pod: { port, containers: [] } }),
      `sum: pod.port: port ${port} is reserved; use another port`,
    ]),
    [
      'a port that is none',
      aPodApi({ pod: { port: 0, containers: [] } }),
      'sum: pod.port: must be greater than or equal to 1 (got 0)',
    ],
    [
      'too little CPU',
      container({ compute: { cpu: '10m' } }),
      'sum: pod.containers.0.compute.cpu: must be a CPU quantity of at least 20m',
    ],
    [
      'memory that is no quantity',
      container({ compute: { mem: '1 GB' } }),
      'sum: pod.containers.0.compute.mem: must be a memory quantity of at least 20Mi, e.g. "512Mi" (got "1 GB")',
    ],
    [
      'little memory',
      container({ compute: { mem: '19Mi' } }),
      'sum: pod.containers.0.compute.mem: must be a memory quantity of at least 20Mi',
    ],
    ...['200Mi', '2 cores', '-1'].map((cpu): [string, unknown, string] => [
      `${cpu} of CPU`,
      container({ compute: { cpu } }),
      `sum: pod.containers.0.compute.cpu: must be a CPU quantity of at least 20m, e.g. "200m" or "1" (got "${cpu}")`,
    ]),
    ...['512MB', '512m', '1gi'].map((shm): [string, unknown, string] => [
      `${shm} of shared memory`,
      container({ compute: { shm } }),
      `sum: pod.containers.0.compute.shm: must be a memory quantity of at least 20Mi, e.g. "512Mi" (got "${shm}")`,
    ]),
    [
      'half a GPU',
      container({ compute: { gpu: 0.5 } }),
      'sum: pod.containers.0.compute.gpu: must be an integer (got 0.5)',
    ],
    [
      'fewer than no Inferentia chips',
      container({ compute: { inf: -1 } }),
      'sum: pod.containers.0.compute.inf: must be greater than or equal to 0 (got -1)',
    ],
    [
      'an unknown key of compute',
      container({ compute: { memory: '1Gi' } }),
      'sum: pod.containers.0.compute: key "memory" is not supported',
    ],
    [
      'a liveness probe that has to succeed twice',
      container({ liveness_probe: { tcp_socket: { port: 1 }, success_threshold: 2 } }),
      'sum: pod.containers.0.liveness_probe.success_threshold: must be 1 (got 2)',
    ],
    [
      'a probe of no time',
      container({ readiness_probe: { tcp_socket: { port: 1 }, timeout_seconds: 0 } }),
      'sum: pod.containers.0.readiness_probe.timeout_seconds: must be greater than or equal to 1 (got 0)',
    ],
    [
      'a probe of an empty command',
      container({ liveness_probe: { exec: { command: [] } } }),
      'sum: pod.containers.0.liveness_probe.exec.command: must contain at least 1 elements',
    ],
    [
      'a probe of two kinds',
      container({ readiness_probe: { tcp_socket: { port: 1 }, http_get: { port: 1 } } }),
      'sum: pod.containers.0.readiness_probe: please specify exactly one of "http_get", "tcp_socket"',
    ],
    [
      'a probe of no kind',
      container({ liveness_probe: {} }),
      'sum: pod.containers.0.liveness_probe: please specify exactly one of "http_get", "tcp_socket", "exec"',
    ],
    [
      'a readiness probe that runs a command',
      container({ readiness_probe: { exec: { command: ['x'] } } }),
      'sum: pod.containers.0.readiness_probe: key "exec" is not supported',
    ],
  ])('refuses %s and says where', (_case, configuration, message) => {
    expect(refusalOf(() => read(configuration))).toContain(message);
  });

  it('refuses containers of one name', () => {
    const containers = ['a', 'a'].map((name) => ({ name, command: ['true'] }));
    expect(refusalOf(() => read(aPodApi({ pod: { containers } })))).toBe(
      'sum: pod.containers.1.name: container name a must be unique',
    );
  });

  it('refuses containers without an image where they are to run on Kubernetes', () => {
    const containers = ['a', 'b'].map((name) => ({ name, command: ['true'] }));
    const [first, second] = containers;
    const incomplete = withContainers({ ...first, image: 'busybox' }, second);
    expect(refusalOf(() => readApiSpecs(incomplete, KUBERNETES))).toBe(
      'sum: pod.containers.1.image: must be defined: workers run on Kubernetes, which starts containers from images',
    );
    expect(readApiSpecs(incomplete, LOCAL)).toHaveLength(1);
    expect(
      readApiSpecs(withContainers({ ...first, image: 'busybox' }), KUBERNETES)[0]?.pod?.containers,
    ).toMatchObject([{ image: 'busybox' }]);
    const functions = Buffer.from(JSON.stringify([aHandlerApi()]));
    expect(readApiSpecs(functions, KUBERNETES)).toHaveLength(1);
  });
});
