import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { loadConfig } from '#libs/platform/config.ts';
import { type QueueConfig, queueConfig, queueEnv } from './queue-config.ts';

const load = (env: NodeJS.ProcessEnv): QueueConfig =>
  queueConfig(loadConfig('spec', z.object(queueEnv), env));

describe('the configuration of the batch queue', () => {
  it('is JetStream where nothing is said', () => {
    expect(load({})).toEqual({
      kind: 'jetstream',
      leaseMs: 10_000,
      aws: { isPathStyle: false, attemptsMax: 5 },
    });
  });

  it('is SQS where that is said', () => {
    expect(load({ QUEUE: 'sqs', LEASE_MS: '2500', AWS_MAX_ATTEMPTS: '2' })).toMatchObject({
      kind: 'sqs',
      leaseMs: 2500,
      aws: { attemptsMax: 2 },
    });
  });

  it.each([
    ['QUEUE', 'SQS'],
    ['QUEUE', 'redis'],
    ['LEASE_MS', '999'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => load({ [name]: value })).toThrow(`${name}: `);
  });
});
