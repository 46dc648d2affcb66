import { describe, expect, it } from '@jest/globals';
import { loadWorkerConfig } from './worker.config.ts';

describe('the configuration of a worker', () => {
  it('has a default for every variable', () => {
    expect(loadWorkerConfig({})).toEqual({
      natsUrl: 'nats://127.0.0.1:4222',
      logLevel: 'info',
      eventStore: { kind: 'jetstream', kurrentDbUrl: 'kurrentdb://127.0.0.1:2113?tls=false' },
      queue: { kind: 'jetstream', leaseMs: 10_000, aws: { isPathStyle: false, attemptsMax: 5 } },
      settings: { logBytesMax: 10_485_760, readyMsMax: 600_000 },
      pod: null,
    });
  });

  it('takes what is set', () => {
    const env = {
      NATS_URL: 'nats://there:4333',
      LOG_LEVEL: 'debug',
      LEASE_MS: '1500',
      QUEUE: 'sqs',
      LOCAL_LOG_BYTES_MAX: '65536',
      HANDLER_READY_MS_MAX: '1000',
    };
    expect(loadWorkerConfig(env)).toEqual({
      natsUrl: 'nats://there:4333',
      logLevel: 'debug',
      eventStore: { kind: 'jetstream', kurrentDbUrl: 'kurrentdb://127.0.0.1:2113?tls=false' },
      queue: { kind: 'sqs', leaseMs: 1500, aws: { isPathStyle: false, attemptsMax: 5 } },
      settings: { logBytesMax: 65_536, readyMsMax: 1000 },
      pod: null,
    });
  });

  it('takes what its pod says', () => {
    const env = { WORKER_ASSIGNMENT_FILE: '/a.json', POD_NAME: 'p-1', JOB_COMPLETION_INDEX: '3' };
    expect(loadWorkerConfig({ ...env, CORTEX_PORT: '9000' }).pod).toEqual({
      assignmentFile: '/a.json',
      readyFile: '/tmp/ready',
      terminationFile: '/dev/termination-log',
      podName: 'p-1',
      index: 3,
      handlerPort: 9000,
    });
  });

  it.each([
    ['LEASE_MS', '999'],
    ['LEASE_MS', '1e12'],
    ['LOG_LEVEL', 'loud'],
    ['LOCAL_LOG_BYTES_MAX', '65535'],
    ['HANDLER_READY_MS_MAX', '999'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => loadWorkerConfig({ [name]: value })).toThrow(`${name}: `);
  });
});
