import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { loadConfig } from '#libs/platform/config.ts';
import { webhookEnv } from './webhook-config.ts';
import { webhookUrl } from './webhook-url.schema.ts';

const load = (secret: string): readonly string[] =>
  loadConfig('scheduler', z.object(webhookEnv), { WEBHOOK_SECRET: secret }).WEBHOOK_SECRET;
const secretOf = (byteCount: number): string =>
  `whsec_${Buffer.alloc(byteCount, 7).toString('base64')}`;

describe('WEBHOOK_SECRET', () => {
  it('may be absent', () => {
    expect(load('')).toEqual([]);
  });

  it('is one secret, or several', () => {
    expect(load(secretOf(32))).toEqual([secretOf(32)]);
    expect(load(`${secretOf(24)}  ${secretOf(64)}`)).toEqual([secretOf(24), secretOf(64)]);
  });

  it.each([secretOf(23), secretOf(65), 'whsec_', 'hush', `${secretOf(32)} hush`])(
    'is refused when it is none, and not shown (%s)',
    (secret) => {
      expect(() => load(secret)).toThrow(/WEBHOOK_SECRET: must be whsec_/);
      expect(() => load(secret)).toThrow(/got a value that is not shown/);
    },
  );
});

describe('the URL of a webhook', () => {
  it.each(['https://example.com', 'http://example.com:8080/a?b=c', 'https://[::1]/'])(
    'may be %s',
    (url) => {
      expect(webhookUrl.safeParse(url).success).toBe(true);
    },
  );

  it.each([
    ['', /https or http/],
    ['example.com', /https or http/],
    ['ftp://example.com', /https or http/],
    ['file:///etc/passwd', /https or http/],
    ['https://user@example.com', /user or password/],
    ['https://:hush@example.com', /user or password/],
    [`https://example.com/${'a'.repeat(2048)}`, /2048/],
  ])('may not be %s', (url, problem) => {
    expect(webhookUrl.safeParse(url).error?.issues[0]?.message).toMatch(problem);
  });
});
