import { z } from 'zod';
import { bytesOfQuantity, millisOfCpu } from '#libs/domain/api/quantity.ts';
import { CODE_CONTAINER, WORKER_CONTAINER } from '#libs/compute/pod-assignment.ts';
import { webhooksFields } from '#libs/webhook/webhook-url.schema.ts';
import { API_NAME } from '../api-names.ts';
import { RESERVED_SEGMENTS } from '../management-routes.ts';
import { labels } from './labels.schema.ts';

/** A Batch API as users configure it. Parsing fills in the defaults; unknown keys are refused. */

/** The first two are Cortex's, the others are those that a pod gets beside them. */
const RESERVED_CONTAINERS: ReadonlySet<string> = new Set([
  'dequeuer',
  'proxy',
  'worker',
  WORKER_CONTAINER,
  CODE_CONTAINER,
]);
const RESERVED_ENV = /^(CORTEX_|KUBEXIT_)/;
/** 15000 was the administration's of Cortex's proxy; the worker beside the containers listens on 8889. */
const RESERVED_PORTS: ReadonlySet<number> = new Set([8889, 15_000]);
const CPU_MILLIS_MIN = 20;
const MEMORY_BYTES_MIN = 20 * 1024 ** 2;

const text = z.string().min(1);
/** What a process can be given. */
const argument = z.string().refine((value) => !value.includes('\0'), {
  error: 'must not contain a NUL character: no process can be started with one',
});

/** YAML reads `cpu: 1` as a number; it means the same as `"1"`. */
const quantity = z.union([z.number().transform(String), z.string()], {
  error: 'must be a quantity, e.g. "200m" or "1.5Gi"',
});

const cpu = quantity.refine((value) => (millisOfCpu(value) ?? 0) >= CPU_MILLIS_MIN, {
  error: ({ input }) =>
    `must be a CPU quantity of at least 20m, e.g. "200m" or "1" (got "${String(input)}")`,
});

const memory = quantity.refine((value) => (bytesOfQuantity(value) ?? 0) >= MEMORY_BYTES_MIN, {
  error: ({ input }) =>
    `must be a memory quantity of at least 20Mi, e.g. "512Mi" (got "${String(input)}")`,
});

const compute = z.strictObject({
  cpu: cpu.default('200m'),
  mem: memory.nullable().default(null),
  gpu: z.int().min(0).default(0),
  inf: z.int().min(0).default(0),
  shm: memory.nullable().default(null),
});

const env = z
  .record(
    z.string().regex(/^[A-Za-z_]\w*$/, 'is not the name of an environment variable'),
    argument,
  )
  .superRefine((variables, context) => {
    for (const name of Object.keys(variables).filter((one) => RESERVED_ENV.test(one))) {
      const message = 'environment variables starting with CORTEX_ or KUBEXIT_ are reserved';
      context.addIssue({ code: 'custom', message, path: [name] });
    }
  })
  .default({});

const command = z.array(argument.min(1)).min(1);

const port = z.int().min(1).max(65_535);
const httpGet = z.strictObject({
  port,
  path: z
    .string()
    .regex(
      /^\/[!-~]*$/,
      'must start with "/" and contain only printable ASCII characters and no spaces; write others percent-encoded, e.g. "%20"',
    )
    .default('/'),
});
const tcpSocket = z.strictObject({ port });
const timing = {
  initial_delay_seconds: z.int().min(0).default(0),
  timeout_seconds: z.int().min(1).default(1),
  period_seconds: z.int().min(1).default(10),
  success_threshold: z.int().min(1).default(1),
  failure_threshold: z.int().min(1).default(3),
};

const givesOneOf = (...keys: readonly string[]) => ({
  check: (probe: object): boolean =>
    Object.entries(probe).filter(([key, value]) => keys.includes(key) && value !== undefined)
      .length === 1,
  error: `please specify exactly one of ${keys.map((key) => `"${key}"`).join(', ')}`,
});

const readiness = givesOneOf('http_get', 'tcp_socket');
const readinessProbe = z
  .strictObject({
    http_get: httpGet.exactOptional(),
    tcp_socket: tcpSocket.exactOptional(),
    ...timing,
  })
  .refine(readiness.check, { error: readiness.error });

const liveness = givesOneOf('http_get', 'tcp_socket', 'exec');
const livenessProbe = z
  .strictObject({
    http_get: httpGet.exactOptional(),
    tcp_socket: tcpSocket.exactOptional(),
    exec: z.strictObject({ command }).exactOptional(),
    ...timing,
    success_threshold: z.literal(1).default(1), // Kubernetes takes no other.
  })
  .refine(liveness.check, { error: liveness.error });

const container = z.strictObject({
  name: z
    .string()
    .max(63)
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      'must contain only lower case letters, numbers, and dashes, and cannot start or end with a dash',
    )
    .refine((name) => !RESERVED_CONTAINERS.has(name), {
      error: ({ input }) => `"${String(input)}" is reserved; use another name`,
    }),
  image: text.nullable().default(null),
  command: command.describe('Command that serves HTTP'),
  args: z.array(argument).default([]),
  env,
  compute: compute.prefault({}),
  readiness_probe: readinessProbe.nullable().default(null),
  liveness_probe: livenessProbe.nullable().default(null),
});

const pod = z.strictObject({
  port: port
    .refine((value) => !RESERVED_PORTS.has(value), {
      error: ({ input }) => `port ${String(input)} is reserved; use another port`,
    })
    .default(8080),
  containers: z
    .array(container)
    .min(1)
    .superRefine((containers, context) => {
      const names = containers.map(({ name }) => name);
      const repeated = names.findIndex((name, index) => names.indexOf(name) !== index);
      if (repeated < 0) return;
      const message = `container name ${names[repeated]} must be unique`;
      context.addIssue({ code: 'custom', message, path: [repeated, 'name'] });
    }),
});

const handler = z.strictObject({
  type: z.enum(['python', 'node']),
  path: argument
    .min(1)
    .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), {
      error: 'must be relative to the deployed folder and stay inside it',
    })
    .describe('File with the handler, relative to the deployed folder'),
  config: z.record(z.string(), z.unknown()).default({}),
  env,
});

const name = z
  .string()
  .max(42)
  .regex(API_NAME, {
    error: ({ input }) =>
      `"${String(input)}" must contain only lower case letters, numbers, and dashes, start with a letter, and cannot end with a dash`,
  })
  .refine((value) => !value.startsWith('b-') && !RESERVED_SEGMENTS.has(value), {
    error: ({ input }) => `"${String(input)}" is reserved; use another name`,
  });

const endpoint = z
  .string()
  .max(1000)
  .transform(canonicalEndpoint)
  .refine((path) => path !== '/', { error: 'cannot be "/"' })
  .refine((path) => !path.includes('//'), { error: 'cannot contain "//"' })
  .refine((path) => /^[-\w./]*$/.test(path) && !path.split('/').some(isDots), {
    error: 'must contain only letters, numbers, dashes, underscores, periods, and slashes',
  })
  .refine((path) => !RESERVED_SEGMENTS.has(path.split('/')[1] ?? ''), {
    error: ({ input }) => `"${String(input)}" is reserved; use another endpoint`,
  });

/** With a slash at the start and none at the end. */
function canonicalEndpoint(path: string): string {
  return `/${path.replace(/^\//, '').replace(/\/$/, '')}`;
}

/** Clients resolve such segments before they send a path, so it would never be asked for. */
const isDots = (segment: string): boolean => segment === '.' || segment === '..';

export const apiConfig = z.strictObject({
  name,
  kind: z.literal('BatchAPI'),
  pod: pod.nullable().default(null),
  handler: handler.nullable().default(null),
  compute: compute.optional().describe('Of a `handler`; in a `pod` each container has its own'),
  node_groups: z.array(text).nullable().default(null),
  networking: z.strictObject({ endpoint: endpoint.optional() }).default({}),
  labels: labels.default({}).describe('Labels of Kubernetes for the resources of a job'),
  webhooks: z.strictObject(webhooksFields).exactOptional(),
});

export type ApiConfig = z.infer<typeof apiConfig>;
