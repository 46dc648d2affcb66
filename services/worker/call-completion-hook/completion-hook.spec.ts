import { afterEach, describe, expect, it } from '@jest/globals';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { freePort } from '#test/support/free-port.ts';
import { HttpHandler } from '#test/support/http-handler.ts';
import { CompletionHook } from './completion-hook.ts';

const JOB = jobId('00000000000000aa');
const BODY = '{"message":"job_complete"}';

describe('the completion hook', () => {
  let handler: HttpHandler | null = null;
  let hook: CompletionHook | null = null;

  afterEach(async () => {
    hook?.destroy();
    await handler?.stop();
  });

  const callTwice = async (status: number): Promise<unknown[]> => {
    handler = await HttpHandler.start((_, response) => response.writeHead(status).end('heard'));
    hook = new CompletionHook(JOB, handler.port);
    return [await hook.call(BODY), await hook.call(BODY)];
  };

  it('posts the body with the job’s id and an id of its own', async () => {
    await callTwice(200);
    expect(handler?.requests[0]).toMatchObject({
      url: '/on-job-complete',
      body: BODY,
      headers: {
        'content-type': 'application/json',
        'x-cortex-job-id': JOB,
        'x-cortex-hook-id': JOB,
      },
    });
  });

  it.each([200, 404, 405])('remembers an answer of %i', async (status) => {
    const answer = { status, message: 'heard' };
    expect(await callTwice(status)).toEqual([answer, answer]);
    expect(handler?.requests).toHaveLength(1);
  });

  it('asks again after a failure', async () => {
    await callTwice(500);
    expect(handler?.requests).toHaveLength(2);
  });

  it('answers without a status when nobody listens', async () => {
    hook = new CompletionHook(JOB, await freePort());
    expect(await hook.call(BODY)).toEqual({ status: null, message: expect.any(String) });
  });
});
