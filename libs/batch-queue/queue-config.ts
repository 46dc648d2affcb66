import { z } from 'zod';
import { type AwsConfig, awsConfig, awsEnv } from '#libs/platform/aws/aws-config.ts';
import { leaseEnv } from '#libs/platform/config.ts';

/** What batches can be queued on. */
export type QueueKind = z.infer<typeof queueEnv.QUEUE>;

/** Of the services that use the batch queue; all of one installation are given the same. */
export const queueEnv = {
  ...leaseEnv,
  QUEUE: z
    .enum(['jetstream', 'sqs'])
    .default('jetstream')
    .describe('What batches are queued on: the NATS there is, or SQS, a FIFO queue for each job'),
  ...awsEnv,
};

export interface QueueConfig {
  readonly kind: QueueKind;
  readonly leaseMs: number;
  /** Of use with SQS. */
  readonly aws: AwsConfig;
}

/** @param env as a schema with `queueEnv` parsed it */
export const queueConfig = (env: z.infer<z.ZodObject<typeof queueEnv>>): QueueConfig => ({
  kind: env.QUEUE,
  leaseMs: env.LEASE_MS,
  aws: awsConfig(env),
});
