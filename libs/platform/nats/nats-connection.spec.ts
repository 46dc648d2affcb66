import { describe, expect, it } from '@jest/globals';
import { serversOf } from './nats-connection.ts';

describe('the address of NATS', () => {
  it.each([
    ['nats://127.0.0.1:4222', { servers: ['nats://127.0.0.1:4222'] }],
    ['a:4222, b:4222', { servers: ['a:4222', 'b:4222'] }],
    ['nats://cortex:p%40ss@a:4222', { servers: ['nats://a:4222'], user: 'cortex', pass: 'p@ss' }],
    [
      'tls://u:p@a:4222,tls://u:p@b:4222',
      { servers: ['tls://a:4222', 'tls://b:4222'], user: 'u', pass: 'p' },
    ],
  ])('%s is understood', (url, options) => {
    expect(serversOf(url)).toEqual(options);
  });
});
