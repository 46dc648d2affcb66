import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { durationMs, loadConfig, platformEnv } from './config.ts';

const schema = z.object({
  ...platformEnv,
  PORT: z.coerce.number().int().min(1).default(8888),
  WAIT_MS: durationMs({ min: 10 }).default(100),
});

describe('loadConfig', () => {
  it('fills in defaults and leaves out what is not asked for', () => {
    expect(loadConfig('gateway', schema, { HOME: '/home' })).toEqual({
      NATS_URL: 'nats://127.0.0.1:4222',
      LOG_LEVEL: 'info',
      PORT: 8888,
      WAIT_MS: 100,
    });
  });

  it('takes an empty variable as one that is not set', () => {
    expect(loadConfig('gateway', schema, { PORT: '', LOG_LEVEL: '' })).toMatchObject({
      PORT: 8888,
      LOG_LEVEL: 'info',
    });
  });

  it('names every bad variable at once, with its value, and the service', () => {
    const env = { PORT: '0', LOG_LEVEL: 'loud', WAIT_MS: 'long' };
    const refusal =
      /^gateway cannot.*\n- LOG_LEVEL: .*"debug".*\(got loud\)\n- PORT: .*\(got 0\)\n- WAIT_MS: .*\(got long\)$/;
    expect(() => loadConfig('gateway', schema, env)).toThrow(refusal);
  });

  it('names a variable that must be set and is not', () => {
    const needy = z.object({ TOKEN: z.string() });
    expect(() => loadConfig('gateway', needy, {})).toThrow(/TOKEN: .*\(got nothing\)/);
  });
});

describe('durationMs', () => {
  it.each(['10', '86400000'])('takes %s', (value) => {
    expect(loadConfig('gateway', schema, { WAIT_MS: value }).WAIT_MS).toBe(Number(value));
  });

  it.each(['9', '86400001', '10.5', '1e99', 'NaN', ' '])('refuses %j', (value) => {
    expect(() => loadConfig('gateway', schema, { WAIT_MS: value })).toThrow('WAIT_MS: ');
  });
});
