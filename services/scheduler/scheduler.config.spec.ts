import { describe, expect, it } from '@jest/globals';
import { handlerEnvOf, loadSchedulerConfig, workerEnvOf } from './scheduler.config.ts';

const archive = (env: NodeJS.ProcessEnv) => loadSchedulerConfig(env).archive;

describe('the configuration of the scheduler', () => {
  it('has a default for every variable', () => {
    const { workersMax, warmWorkers, ...others } = loadSchedulerConfig({});
    expect(others).toEqual({
      natsUrl: 'nats://127.0.0.1:4222',
      logLevel: 'info',
      dataDir: '.cortex',
      eventStore: { kind: 'jetstream', kurrentDbUrl: 'kurrentdb://127.0.0.1:2113?tls=false' },
      queue: { kind: 'jetstream', leaseMs: 10_000, aws: { isPathStyle: false, attemptsMax: 5 } },
      leaderTtlMs: 5000,
      stopGraceMs: 10_000,
      workerSettings: { logBytesMax: 10_485_760, readyMsMax: 600_000 },
      retention: { ageMsMax: 604_800_000, logBytesMax: 5_368_709_120 },
      queueLookMs: 10_000,
      kubernetes: null,
      archive: null,
      webhooks: {
        secrets: [],
        allowPrivate: false,
        timeoutMs: 15_000,
        retry: { firstWaitMs: 5000, giveUpAfterMs: 259_200_000 },
      },
    });
    expect(workersMax).toBeGreaterThanOrEqual(2);
    expect(warmWorkers).toBeGreaterThanOrEqual(2);
  });

  it('takes what is set', () => {
    const config = loadSchedulerConfig({
      CORTEX_DATA_DIR: '/data',
      LEASE_MS: '2000',
      LEADER_TTL_MS: '700',
      STOP_GRACE_MS: '0',
      QUEUE_LOOK_MS: '500',
      LOCAL_WORKERS_MAX: '3',
      LOCAL_WORKERS_WARM: '0',
      LOCAL_KEEP_DAYS: '0.5',
      LOCAL_LOGS_MIB_MAX: '2',
    });
    expect(config).toMatchObject({
      dataDir: '/data',
      queue: { leaseMs: 2000 },
      leaderTtlMs: 700,
      stopGraceMs: 0,
      queueLookMs: 500,
      workersMax: 3,
      warmWorkers: 0,
      retention: { ageMsMax: 43_200_000, logBytesMax: 2_097_152 },
    });
  });

  it('takes where ended jobs are archived', () => {
    expect(archive({ ARCHIVE_URL: 's3://bucket/logs/' })).toEqual({
      url: 's3://bucket/logs',
      afterMs: 2_592_000_000,
    });
    expect(archive({ ARCHIVE_URL: 's3://bucket', ARCHIVE_AFTER_MS: '0' })).toEqual({
      url: 's3://bucket',
      afterMs: 0,
    });
    const onKurrentDb = { ARCHIVE_URL: 's3://bucket', EVENT_STORE: 'kurrentdb' };
    expect(() => archive(onKurrentDb)).toThrow(/^ARCHIVE_URL: .* unset ARCHIVE_URL/);
  });

  it.each([
    ['ARCHIVE_URL', '/var/archive'],
    ['ARCHIVE_AFTER_MS', '-1'],
    ['LEASE_MS', '10'],
    ['LEASE_MS', '1e12'],
    ['LEADER_TTL_MS', '499'],
    ['LEADER_TTL_MS', '1e12'],
    ['STOP_GRACE_MS', '-1'],
    ['STOP_GRACE_MS', '1e12'],
    ['QUEUE_LOOK_MS', '0'],
    ['WEBHOOK_SECRET', 'hush'],
    ['WEBHOOK_ALLOW_PRIVATE', 'perhaps'],
    ['WEBHOOK_TIMEOUT_MS', '0'],
    ['WEBHOOK_GIVE_UP_HOURS', '0'],
    ['LOCAL_WORKERS_MAX', '0'],
    ['LOCAL_WORKERS_WARM', '-1'],
    ['LOCAL_WORKERS_WARM', 'some'],
    ['LOCAL_KEEP_DAYS', '0'],
    ['LOCAL_LOGS_MIB_MAX', '0'],
    ['LOCAL_LOG_BYTES_MAX', '1'],
    ['HANDLER_READY_MS_MAX', 'soon'],
    ['COMPUTE', 'mesos'],
    ['KUBERNETES_NAMESPACE', 'No_Name'],
    ['WORKER_MEM_REQUEST', '150 MB'],
    ['WORKER_CPU_REQUEST', 'fast'],
    ['KUBERNETES_RESYNC_MS', '10'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => loadSchedulerConfig({ [name]: value })).toThrow(`${name}: `);
  });
});

describe('the configuration of workers in a cluster', () => {
  it('needs an image', () => {
    expect(() => loadSchedulerConfig({ COMPUTE: 'kubernetes' })).toThrow(/WORKER_IMAGE: needed/);
  });

  it('has a default for the rest', () => {
    const env = { COMPUTE: 'kubernetes', WORKER_IMAGE: 'cortex:1', NATS_URL: 'nats://n:1' };
    expect(loadSchedulerConfig(env).kubernetes).toEqual({
      namespace: null,
      image: 'cortex:1',
      cpuRequest: '100m',
      memRequest: '150Mi',
      memLimit: null,
      serviceAccount: 'default',
      resyncMs: 300_000,
      workerEnv: {
        NATS_URL: 'nats://n:1',
        LOG_LEVEL: 'info',
        LEASE_MS: '10000',
        QUEUE: 'jetstream',
        EVENT_STORE: 'jetstream',
        HANDLER_READY_MS_MAX: '600000',
      },
    });
  });

  it('gives workers their own way to NATS, and of AWS what is no secret', () => {
    const env = {
      COMPUTE: 'kubernetes',
      WORKER_IMAGE: 'cortex:1',
      WORKER_NATS_URL: 'nats://inside:1',
      AWS_REGION: 'eu-west-1',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    const { workerEnv } = loadSchedulerConfig(env).kubernetes ?? {};
    expect(workerEnv).toMatchObject({ NATS_URL: 'nats://inside:1', AWS_REGION: 'eu-west-1' });
    expect(workerEnv).not.toHaveProperty('AWS_SECRET_ACCESS_KEY');
  });
});

describe('what workers and handlers find in their environment', () => {
  const env = {
    PATH: '/bin',
    NATS_URL: 'nats://set:1',
    LEASE_MS: '',
    API_KEY: 'k',
    AWS_REGION: 'eu-west-1',
    AWS_MAX_ATTEMPTS: '3',
    S3_FORCE_PATH_STYLE: 'true',
    QUEUE: 'sqs',
    EVENT_STORE: 'kurrentdb',
    KURRENTDB_URL: 'kurrentdb://admin:secret@db',
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
    GONE: undefined,
  };
  const config = loadSchedulerConfig(env);

  it('settles for workers what the scheduler runs with', () => {
    expect(workerEnvOf(env, config)).toEqual({
      PATH: '/bin',
      API_KEY: 'k',
      AWS_REGION: 'eu-west-1',
      AWS_MAX_ATTEMPTS: '3',
      S3_FORCE_PATH_STYLE: 'true',
      NATS_URL: 'nats://set:1',
      LOG_LEVEL: 'info',
      LEASE_MS: '10000',
      QUEUE: 'sqs',
      LOCAL_LOG_BYTES_MAX: '10485760',
      HANDLER_READY_MS_MAX: '600000',
      EVENT_STORE: 'kurrentdb',
      KURRENTDB_URL: 'kurrentdb://admin:secret@db',
    });
  });

  it('shows handlers none of our settings, and where AWS is', () => {
    expect(handlerEnvOf(env)).toEqual({
      PATH: '/bin',
      API_KEY: 'k',
      AWS_REGION: 'eu-west-1',
      AWS_MAX_ATTEMPTS: '3',
      S3_FORCE_PATH_STYLE: 'true',
    });
  });
});
