import { describe, expect, it } from '@jest/globals';
import { loadEnqueuerConfig } from './enqueuer.config.ts';

describe('the configuration of the enqueuer', () => {
  it('has a default for every variable', () => {
    expect(loadEnqueuerConfig({})).toEqual({
      natsUrl: 'nats://127.0.0.1:4222',
      logLevel: 'info',
      eventStore: { kind: 'jetstream', kurrentDbUrl: 'kurrentdb://127.0.0.1:2113?tls=false' },
      leaseMs: 10_000,
      jobsMax: 4,
      queue: { kind: 'jetstream', leaseMs: 10_000, aws: { isPathStyle: false, attemptsMax: 5 } },
      aws: { isPathStyle: false, attemptsMax: 5 },
    });
  });

  it('takes what is set', () => {
    const env = {
      NATS_URL: 'nats://a:1,nats://b:2',
      LOG_LEVEL: 'debug',
      LEASE_MS: '1000',
      ENQUEUE_JOBS_MAX: '64',
      QUEUE: 'sqs',
      S3_FORCE_PATH_STYLE: 'true',
      AWS_MAX_ATTEMPTS: '2',
    };
    expect(loadEnqueuerConfig(env)).toMatchObject({
      natsUrl: 'nats://a:1,nats://b:2',
      logLevel: 'debug',
      leaseMs: 1000,
      jobsMax: 64,
      queue: { kind: 'sqs', leaseMs: 1000 },
      aws: { isPathStyle: true, attemptsMax: 2 },
    });
  });

  it.each([
    ['LEASE_MS', '999'],
    ['LEASE_MS', '1e12'],
    ['LEASE_MS', 'ten'],
    ['ENQUEUE_JOBS_MAX', '0'],
    ['ENQUEUE_JOBS_MAX', '65'],
    ['ENQUEUE_JOBS_MAX', '1.5'],
    ['S3_FORCE_PATH_STYLE', 'perhaps'],
    ['QUEUE', 'kafka'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => loadEnqueuerConfig({ [name]: value })).toThrow(`${name}: `);
  });
});
