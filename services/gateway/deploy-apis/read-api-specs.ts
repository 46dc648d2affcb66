import type { ComputeKind } from '#libs/compute/compute-config.ts';
import type { ApiSpec, ComputeSpec } from '#libs/domain/api/api-spec.ts';
import { checkJson } from '#libs/json/json-scanner.ts';
import { fieldProblem } from '../field-problem.ts';
import { badRequest } from '../request-refused.ts';
import { type ApiConfig, apiConfig } from './api-config.schema.ts';
import { parseYaml } from './parse-yaml.ts';

/** Largest specification, as JSON: it travels in one event and in answers of the status service. */
const SPEC_BYTES_MAX = 131_072;

const COMPUTE_DEFAULT: ComputeSpec = { cpu: '200m', mem: null, gpu: 0, inf: 0, shm: null };

/**
 * Reads a list of API configurations, YAML or JSON, and fills in the defaults.
 *
 * @param options.isJson the text is said to be JSON, so that mistakes are reported with their position
 * @param options.compute what the workers are to run on
 * @throws RequestRefused, JsonSyntaxError
 */
export function readApiSpecs(
  content: Uint8Array,
  { isJson, compute }: { readonly isJson: boolean; readonly compute: ComputeKind },
): readonly ApiSpec[] {
  if (isJson) checkJson(content);
  const configurations = parseYaml(decode(content));
  if (!Array.isArray(configurations) || configurations.length === 0) {
    throw badRequest('config.not_a_list', 'the configuration must be a list of at least one API');
  }
  const specs = configurations.map((configuration, index) =>
    readApiSpec(configuration, { index, compute }),
  );
  refuseRepeated(specs);
  return specs;
}

function decode(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw badRequest('yaml.malformed', 'the configuration is not valid UTF-8');
  }
}

function readApiSpec(
  configuration: unknown,
  { index, compute }: { readonly index: number; readonly compute: ComputeKind },
): ApiSpec {
  const label = labelOf(configuration, index);
  const refuse = (kind: string, path: readonly PropertyKey[], message: string): Error =>
    badRequest(
      kind,
      `${label}: ${path.length > 0 ? `${path.map(String).join('.')}: ` : ''}${message}`,
    );

  const plain = withNumbers(configuration, (path, integer) => {
    throw refuse(
      'config.number_too_large',
      path,
      `${integer} cannot be kept exactly; write it in quotes`,
    );
  });
  const read = apiConfig.safeParse(plain, { reportInput: true });
  if (!read.success) {
    const { kind, path, message } = fieldProblem(read.error);
    throw refuse(kind, path, message);
  }
  const { data } = read;
  if ((data.pod === null) === (data.handler === null)) {
    throw refuse('config.pod_or_handler', [], 'please specify either pod or handler');
  }
  if (data.pod !== null && data.compute !== undefined) {
    throw refuse(
      'field.not_supported',
      ['compute'],
      'is only supported with handler; use pod.containers.compute',
    );
  }
  const spec = specOf(data);
  const withoutImage = (spec.pod?.containers ?? []).findIndex(({ image }) => image === null);
  if (compute === 'kubernetes' && withoutImage >= 0) {
    throw refuse(
      'field.required',
      ['pod', 'containers', String(withoutImage), 'image'],
      'must be defined: workers run on Kubernetes, which starts containers from images',
    );
  }
  if (Buffer.byteLength(JSON.stringify(spec)) > SPEC_BYTES_MAX) {
    throw refuse('config.too_large', [], `exceeds the limit (${SPEC_BYTES_MAX} bytes)`);
  }
  return spec;
}

/** The API's name where it has one, else its place in the list. */
function labelOf(configuration: unknown, index: number): string {
  const hasName =
    typeof configuration === 'object' &&
    configuration !== null &&
    'name' in configuration &&
    typeof configuration.name === 'string' &&
    configuration.name !== '';
  return hasName ? String(configuration.name) : `configuration ${index + 1}`;
}

const specOf = ({ compute, handler, networking, ...rest }: ApiConfig): ApiSpec => ({
  name: rest.name,
  kind: rest.kind,
  pod: rest.pod,
  handler: handler === null ? null : { ...handler, compute: compute ?? COMPUTE_DEFAULT },
  node_groups: rest.node_groups,
  networking: { endpoint: networking.endpoint ?? `/${rest.name}` },
  labels: rest.labels,
  ...(rest.webhooks && { webhooks: rest.webhooks }),
});

function refuseRepeated(specs: readonly ApiSpec[]): void {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  for (const { name, networking } of specs) {
    if (names.has(name))
      throw badRequest('api.name_not_unique', `name "${name}" must be unique across apis`);
    const owner = owners.get(networking.endpoint);
    if (owner !== undefined) throw endpointTaken(name, owner);
    names.add(name);
    owners.set(networking.endpoint, name);
  }
}

export const endpointTaken = (name: string, owner: string): Error =>
  badRequest(
    'api.endpoint_not_unique',
    `${name}: networking.endpoint: endpoint is already being used by ${owner}`,
  );

/** `value` with numbers for integers, as long as a number holds them exactly. */
function withNumbers(
  value: unknown,
  refuse: (path: readonly string[], integer: bigint) => never,
  path: readonly string[] = [],
): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : refuse(path, value);
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => withNumbers(item, refuse, [...path, String(index)]));
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [
    key,
    withNumbers(member, refuse, [...path, key]),
  ]);
  return Object.fromEntries(members);
}
