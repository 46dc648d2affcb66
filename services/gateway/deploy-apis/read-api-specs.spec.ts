import { describe, expect, it } from '@jest/globals';
import { aHandlerApi, aPodApi } from '#test/support/gateway.ts';
import {
  LOCAL,
  readConfigurations as read,
  refusalOf,
} from '#test/support/refused-configurations.ts';
import { readApiSpecs } from './read-api-specs.ts';

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
    [
      'a webhook without a URL',
      aPodApi({ webhooks: { on_complete: {} } }),
      'sum: webhooks.on_complete.url: must be defined',
    ],
    [
      'a webhook with a password',
      aPodApi({ webhooks: { on_complete: { url: 'https://a:b@example.com' } } }),
      'sum: webhooks.on_complete.url: must not have a user or password',
    ],
    ['an unknown key', aPodApi({ autoscaling: {} }), 'sum: key "autoscaling" is not supported'],
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
      'reserved variables of a function',
      handler({ env: { KUBEXIT_NAME: 'x' } }),
      'fn: handler.env.KUBEXIT_NAME: environment variables starting with CORTEX_ or KUBEXIT_',
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
    ...['python_path', 'image', 'log_level', 'shm_size', 'dependencies', 'models'].map(
      (key): [string, unknown, string] => [
        `${key}, which older handlers had`,
        handler({ [key]: 'x' }),
        `fn: handler: key "${key}" is not supported`,
      ],
    ),
    ['no path of a handler', handler({ path: undefined }), 'fn: handler.path: must be defined'],
    [
      'node groups that are no list',
      aPodApi({ node_groups: 'cpu' }),
      'sum: node_groups: must be an array (got "cpu")',
    ],
    [
      'a long endpoint',
      endpoint('x'.repeat(1001)),
      'sum: networking.endpoint: must not be longer than 1000 characters',
    ],
    [
      'a label that Kubernetes would not take',
      aPodApi({ labels: { 'team-': 'x' } }),
      'sum: labels.team-: "team-" is not a label of Kubernetes',
    ],
    [
      'a reserved label',
      aPodApi({ labels: { 'cortex.dev/job-id': 'x' } }),
      'sum: labels.cortex.dev/job-id: "cortex.dev/job-id" is reserved; use another label',
    ],
    [
      'a label with a value that Kubernetes would not take',
      aPodApi({ labels: { team: 'a b' } }),
      'sum: labels.team: must be at most 63 letters',
    ],
    [
      'a label that is no text',
      aPodApi({ labels: { spot: true } }),
      'sum: labels.spot: must be a string (got true)',
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

  it('takes where ended jobs are told, and nothing where none is said', () => {
    const webhooks = { on_complete: { url: 'https://example.com/hook' } };
    expect(read(aPodApi({ webhooks }))[0]?.webhooks).toEqual(webhooks);
    expect(Object.keys(read(aPodApi())[0] ?? {})).not.toContain('webhooks');
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
    expect(refusalOf(() => readApiSpecs(Buffer.from(text), LOCAL))).toBe(
      'fn: handler.config.big: 9007199254740993 cannot be kept exactly; write it in quotes',
    );
  });

  it('reads members of one anchor in several places', () => {
    const yaml = `
- &api {name: a, kind: BatchAPI, pod: {containers: [{name: c, command: [x]}]}}
- {<<: *api, name: b}
`;
    const specs = readApiSpecs(Buffer.from(yaml), { ...LOCAL, isJson: false });
    expect(specs.map(({ name, networking }) => [name, networking.endpoint])).toEqual([
      ['a', '/a'],
      ['b', '/b'],
    ]);
  });
});
