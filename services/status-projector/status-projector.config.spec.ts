import { describe, expect, it } from '@jest/globals';
import { loadStatusProjectorConfig } from './status-projector.config.ts';

describe('the configuration of the status projector', () => {
  it('has a default for every variable', () => {
    expect(loadStatusProjectorConfig({})).toEqual({
      isReadOnly: false,
      natsUrl: 'nats://127.0.0.1:4222',
      logLevel: 'info',
      eventStore: { kind: 'jetstream', kurrentDbUrl: 'kurrentdb://127.0.0.1:2113?tls=false' },
      snapshotIntervalMs: 10_000,
      checkpoints: { eventCountMax: 10_000, intervalMs: 60_000 },
      stalledAfterMs: 600_000,
      leaderTtlMs: 5000,
      readyLagMsMax: 5000,
      aws: { isPathStyle: false, attemptsMax: 5 },
    });
  });

  it('takes what is set', () => {
    const config = loadStatusProjectorConfig({ SNAPSHOT_INTERVAL_MS: '500', LOG_LEVEL: 'warn' });
    expect(config).toMatchObject({ snapshotIntervalMs: 500, logLevel: 'warn' });
  });

  it.each(['999', '1e12', '10m'])('refuses STALLED_AFTER_MS=%s', (value) => {
    expect(() => loadStatusProjectorConfig({ STALLED_AFTER_MS: value })).toThrow(
      'STALLED_AFTER_MS: ',
    );
  });

  it.each(['0', '100001', '1.5'])('refuses CHECKPOINT_EVENTS_MAX=%s', (value) => {
    expect(() => loadStatusProjectorConfig({ CHECKPOINT_EVENTS_MAX: value })).toThrow(
      'CHECKPOINT_EVENTS_MAX: ',
    );
  });

  it.each(['99', '1e12', 'soon', '100.5'])('refuses SNAPSHOT_INTERVAL_MS=%s', (value) => {
    expect(() => loadStatusProjectorConfig({ SNAPSHOT_INTERVAL_MS: value })).toThrow(
      'SNAPSHOT_INTERVAL_MS: ',
    );
  });
});
