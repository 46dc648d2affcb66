import { z } from 'zod';
import {
  type EventStoreConfig,
  eventStoreConfig,
  eventStoreEnv,
} from '#libs/event-store/event-store-config.ts';
import { type QueueConfig, queueConfig, queueEnv } from '#libs/batch-queue/queue-config.ts';
import { type ComputeKind, computeEnv } from '#libs/compute/compute-config.ts';
import { type AwsConfig, awsConfig } from '#libs/platform/aws/aws-config.ts';
import { loadConfig, platformEnv, readOnlyEnv } from '#libs/platform/config.ts';
import type { LogLevel } from '#libs/platform/logger.ts';

export const gatewayEnv = z.object({
  ...platformEnv,
  ...readOnlyEnv,
  ...eventStoreEnv,
  ...queueEnv,
  ...computeEnv,
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8888)
    .describe('Port of the HTTP interface'),
  HOST: z.string().default('127.0.0.1').describe('Address that the HTTP interface listens on'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('How clients reach the gateway; without it, endpoints name the host they asked'),
});

export interface GatewayConfig {
  readonly port: number;
  readonly host: string;
  /** Without a slash at the end. */
  readonly publicUrl: string | null;
  /** Refuse whatever would write, but for an import. */
  readonly isReadOnly: boolean;
  readonly natsUrl: string;
  readonly logLevel: LogLevel;
  readonly eventStore: EventStoreConfig;
  readonly queue: QueueConfig;
  readonly compute: ComputeKind;
  readonly aws: AwsConfig;
}

/** @throws Error listing every bad variable at once */
export function loadGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const config = loadConfig('gateway', gatewayEnv, env);
  return {
    port: config.PORT,
    host: config.HOST,
    publicUrl: config.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    isReadOnly: config.READ_ONLY === 'true',
    natsUrl: config.NATS_URL,
    logLevel: config.LOG_LEVEL,
    eventStore: eventStoreConfig(config),
    queue: queueConfig(config),
    compute: config.COMPUTE,
    aws: awsConfig(config),
  };
}

export const GATEWAY_CONFIG = Symbol('GatewayConfig');
