import { describe, expect, it } from '@jest/globals';
import { aHandlerApi, aPodApi } from '#test/support/gateway.ts';
import { RequestRefused } from '../request-refused.ts';
import { readApiSpecs } from './read-api-specs.ts';

const read = (...configurations: unknown[]) =>
  readApiSpecs(Buffer.from(JSON.stringify(configurations)), true);

function refusalOf(readIt: () => unknown): string {
  try {
    readIt();
  } catch (error) {
    if (error instanceof RequestRefused) return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

const container = (changes: object): object =>
  aPodApi({ pod: { containers: [{ name: 'api', command: ['true'], ...changes }] } });
const endpoint = (path: string): object => aPodApi({ networking: { endpoint: path } });
const handler = (changes: object): object =>
  aHandlerApi({ handler: { type: 'node', path: 'handler.js', ...changes } });

describe('reading API configurations', () => {
  it.each<[string, unknown, string]>([
    ['something that is no map', 'x', 'configuration 1: must be an object (got "x")'],
    ['no name', { kind: 'BatchAPI' }, 'configuration 1: name: must be defined'],
    [
      'an upper case name',
      aPodApi({ name: 'Sum' }),
      'Sum: name: "Sum" must contain only lower case letters, numbers, and dashes, start with a letter, and cannot end with a dash',
    ],
    ['a name that ends with a dash', aPodApi({ name: 'a-' }), 'a-: name: "a-" must contain only'],
    [
      'a long name',
      aPodApi({ name: 'a'.repeat(43) }),
      'name: must not be longer than 42 characters',
    ],
    [
      'a name that starts with b-',
      aPodApi({ name: 'b-x' }),
      'b-x: name: "b-x" is reserved; use another name',
    ],
    [
      'a name that the platform uses',
      aPodApi({ name: 'dashboard' }),
      'dashboard: name: "dashboard" is reserved; use another name',
    ],
    ['no kind', aPodApi({ kind: undefined }), 'sum: kind: must be defined'],
    [
      'another kind',
      aPodApi({ kind: 'RealtimeAPI' }),
      'sum: kind: must be "BatchAPI" (got "RealtimeAPI")',
    ],
    ['an unknown key', aPodApi({ autoscaling: {} }), 'sum: key "autoscaling" is not supported'],
    [
      'an unknown key of a container',
      container({ cmd: [] }),
      'sum: pod.containers.0: key "cmd" is not supported',
    ],
    [
      'neither pod nor handler',
      aPodApi({ pod: undefined }),
      'sum: please specify either pod or handler',
    ],
    [
      'both pod and handler',
      aPodApi({ handler: { type: 'node', path: 'x.js' } }),
      'sum: please specify either pod or handler',
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
    [
      'reserved variables',
      container({ env: { CORTEX_PORT: '1' } }),
      'sum: pod.containers.0.env: environment variables starting with CORTEX_ or KUBEXIT_ are reserved',
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
    ['the endpoint /', endpoint('/'), 'sum: networking.endpoint: cannot be "/"'],
    ['an endpoint with //', endpoint('/a//b'), 'sum: networking.endpoint: cannot contain "//"'],
    [
      'an endpoint with ..',
      endpoint('/a/../b'),
      'sum: networking.endpoint: must contain only letters',
    ],
    [
      'an endpoint with other characters',
      endpoint('/a?b'),
      'sum: networking.endpoint: must contain only letters',
    ],
    [
      'an endpoint of the platform',
      endpoint('/v1/x'),
      'sum: networking.endpoint: "/v1/x" is reserved; use another endpoint',
    ],
    [
      'another type of handler',
      handler({ type: 'tensorflow' }),
      'fn: handler.type: must be "python" or "node" (got "tensorflow")',
    ],
    [
      'a handler outside of the folder',
      handler({ path: '../x.js' }),
      'fn: handler.path: must be relative to the deployed folder and stay inside it',
    ],
    [
      'compute beside a pod',
      aPodApi({ compute: {} }),
      'sum: compute: is only supported with handler',
    ],
    [
      'a large specification',
      handler({ config: { x: 'x'.repeat(131_072) } }),
      'fn: exceeds the limit (131072 bytes)',
    ],
  ])('refuses %s and says where', (_case, configuration, message) => {
    expect(refusalOf(() => read(configuration))).toContain(message);
  });

  it('refuses containers of one name', () => {
    const containers = ['a', 'a'].map((name) => ({ name, command: ['true'] }));
    expect(refusalOf(() => read(aPodApi({ pod: { containers } })))).toBe(
      'sum: pod.containers: container name a must be unique',
    );
  });

  it('refuses two APIs of one name or at one endpoint', () => {
    expect(refusalOf(() => read(aPodApi(), aPodApi()))).toBe(
      'name "sum" must be unique across apis',
    );
    expect(
      refusalOf(() => read(aPodApi(), aPodApi({ name: 'b', networking: { endpoint: 'sum' } }))),
    ).toBe('b: networking.endpoint: endpoint is already being used by sum');
  });

  it('refuses an integer that a number would not hold exactly', () => {
    const text = JSON.stringify([handler({ config: { big: 0 } })]).replace(
      ':0',
      ':9007199254740993',
    );
    expect(refusalOf(() => readApiSpecs(Buffer.from(text), true))).toBe(
      'fn: handler.config.big: 9007199254740993 cannot be kept exactly; write it in quotes',
    );
  });

  it('reads members of one anchor in several places', () => {
    const yaml = `
- &api {name: a, kind: BatchAPI, pod: {containers: [{name: c, command: [x]}]}}
- {<<: *api, name: b}
`;
    const specs = readApiSpecs(Buffer.from(yaml), false);
    expect(specs.map(({ name, networking }) => [name, networking.endpoint])).toEqual([
      ['a', '/a'],
      ['b', '/b'],
    ]);
  });
});
