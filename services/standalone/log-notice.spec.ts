import { describe, expect, it } from '@jest/globals';
import { noticeOf } from './log-notice.ts';

describe('what the console shows of a logged line', () => {
  it.each([
    [
      'a warning, with its facts',
      '{"level":40,"time":"t","pid":1,"service":"worker","jobId":"j1","attempt":2,"msg":"batch failed"}',
      'batch failed: jobId=j1 attempt=2',
    ],
    [
      'the message of an error, without its stack',
      '{"level":50,"err":{"message":"no disk","stack":"Error: no disk\\n at x"},"msg":"not stored"}',
      'not stored: no disk',
    ],
    ['a warning that has no facts', '{"level":40,"msg":"odd"}', 'odd'],
    [
      'trouble that nats-server reports',
      '[12] 2026/01/31 10:00:00.000001 [ERR] Error trying to bind',
      'Error trying to bind',
    ],
    [
      'the message of an uncaught error',
      'TypeError: x is not a function',
      'TypeError: x is not a function',
    ],
    ['text that only looks like an entry', '{"level":', '{"level":'],
  ])('%s', (_, line, shown) => {
    expect(noticeOf(line)).toBe(shown);
  });

  it.each([
    ['information', '{"level":30,"msg":"ready"}'],
    ['what nats-server says besides', '[12] 2026/01/31 10:00:00.000001 [INF] Server is ready'],
    ['a line of a stack', '    at Object.<anonymous> (file:///x.js:1:2)'],
    ['where an uncaught error was thrown', '/srv/cortex batch/libs/platform/config.ts:37'],
    ['an empty line', ''],
  ])('nothing: %s', (_, line) => {
    expect(noticeOf(line)).toBeNull();
  });

  it('a long warning is cut', () => {
    const line = JSON.stringify({ level: 40, msg: 'm', text: 'x'.repeat(1000) });
    expect(noticeOf(line)?.length).toBeLessThan(320);
  });
});
