import { z } from 'zod';
import type {
  ApiSpec,
  ComputeSpec,
  ContainerSpec,
  HandlerSpec,
  Probe,
} from '#libs/domain/api/api-spec.ts';
import type { ApiDeleted, ApiDeployed } from '#libs/domain/api/api.events.ts';
import { apiId, apiName } from './kernel.schema.ts';

const env = z.record(z.string(), z.string());

const compute = z.object({
  cpu: z.string(),
  mem: z.string().nullable(),
  gpu: z.number(),
  inf: z.number(),
  shm: z.string().nullable(),
}) satisfies z.ZodType<ComputeSpec>;

const probe = z.object({
  http_get: z.object({ port: z.number(), path: z.string() }).exactOptional(),
  tcp_socket: z.object({ port: z.number() }).exactOptional(),
  exec: z.object({ command: z.array(z.string()) }).exactOptional(),
  initial_delay_seconds: z.number(),
  timeout_seconds: z.number(),
  period_seconds: z.number(),
  success_threshold: z.number(),
  failure_threshold: z.number(),
}) satisfies z.ZodType<Probe>;

const container = z.object({
  name: z.string(),
  image: z.string().nullable(),
  command: z.array(z.string()),
  args: z.array(z.string()),
  env,
  compute,
  readiness_probe: probe.nullable(),
  liveness_probe: probe.nullable(),
}) satisfies z.ZodType<ContainerSpec>;

const handler = z.object({
  type: z.enum(['python', 'node']),
  path: z.string(),
  config: z.record(z.string(), z.unknown()),
  env,
  compute,
}) satisfies z.ZodType<HandlerSpec>;

export const apiSpec = z.object({
  name: z.string(),
  kind: z.literal('BatchAPI'),
  pod: z.object({ port: z.number(), containers: z.array(container) }).nullable(),
  handler: handler.nullable(),
  node_groups: z.array(z.string()).nullable(),
  networking: z.object({ endpoint: z.string() }),
  labels: z.record(z.string(), z.string()),
  webhooks: z.object({ on_complete: z.object({ url: z.string() }) }).exactOptional(),
}) satisfies z.ZodType<ApiSpec>;

export const apiDeployed = z
  .object({
    apiName,
    apiId,
    spec: apiSpec,
    codeKey: z.string().nullable().describe("Object with the handler's code; null: none was sent"),
  })
  .describe(
    'A specification is in force from here on; jobs submitted later run under it.',
  ) satisfies z.ZodType<ApiDeployed['data']>;

export const apiDeleted = z
  .object({ apiName, apiId })
  .describe('The API takes no more jobs. Its history stays.') satisfies z.ZodType<
  ApiDeleted['data']
>;
