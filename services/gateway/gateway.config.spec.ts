import { describe, expect, it } from '@jest/globals';
import { loadGatewayConfig } from './gateway.config.ts';

describe('the configuration of the gateway', () => {
  it('has a default for every variable', () => {
    expect(loadGatewayConfig({})).toEqual({
      port: 8888,
      host: '127.0.0.1',
      publicUrl: null,
      isReadOnly: false,
      natsUrl: 'nats://127.0.0.1:4222',
      logLevel: 'info',
      eventStore: { kind: 'jetstream', kurrentDbUrl: 'kurrentdb://127.0.0.1:2113?tls=false' },
      queue: { kind: 'jetstream', leaseMs: 10_000, aws: { isPathStyle: false, attemptsMax: 5 } },
      compute: 'local',
      aws: { isPathStyle: false, attemptsMax: 5 },
    });
  });

  it('leaves out slashes at the end of its public address', () => {
    const config = loadGatewayConfig({ PUBLIC_URL: 'https://batch.example.com/api/' });
    expect(config.publicUrl).toBe('https://batch.example.com/api');
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', 'http'],
    ['READ_ONLY', 'yes'],
    ['COMPUTE', 'docker'],
    ['PUBLIC_URL', 'batch.example.com'],
    ['PUBLIC_URL', 'ftp://batch.example.com'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => loadGatewayConfig({ [name]: value })).toThrow(`${name}: `);
  });
});
