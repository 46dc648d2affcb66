import { describe, expect, it } from '@jest/globals';
import { loadRelayConfig } from './relay.config.ts';

describe('the configuration of the relay', () => {
  it('has a default for every variable but the event store', () => {
    expect(loadRelayConfig({ EVENT_STORE: 'kurrentdb' })).toEqual({
      natsUrl: 'nats://127.0.0.1:4222',
      logLevel: 'info',
      kurrentDbUrl: 'kurrentdb://127.0.0.1:2113?tls=false',
      leaderTtlMs: 5000,
    });
  });

  it.each([
    ['EVENT_STORE', 'eventstore'],
    ['KURRENTDB_URL', 'http://127.0.0.1:2113'],
    ['KURRENTDB_URL', 'kurrentdb://'],
    ['LEADER_TTL_MS', '10'],
  ])('refuses %s=%s', (name, value) => {
    const env = { EVENT_STORE: 'kurrentdb', [name]: value };
    expect(() => loadRelayConfig(env)).toThrow(`${name}: `);
  });

  it('says that it is not needed where the log is in NATS', () => {
    expect(() => loadRelayConfig({})).toThrow(/do not start it, or set EVENT_STORE=kurrentdb/);
  });
});
