import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from '#test/support/command-line.ts';
import { JOB_ID, runningJob } from '#test/support/gateway-answers.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.showJob(runningJob);
});
afterEach(() => cli.remove());

const path = `GET /v1/jobs/${JOB_ID}/events`;
const event = (position: string, type: string, data: object) => ({
  specversion: '1.0',
  id: position,
  type: `dev.cortex.batch.${type}.v1`,
  time: '2021-06-10T12:00:01.000Z',
  position,
  data,
});
const started = event('7', 'JobStarted', { jobId: JOB_ID, workerId: '0' });
const failed = event('12', 'BatchFailed', {
  jobId: JOB_ID,
  index: 3,
  attempt: 1,
  reason: { kind: 'handler.status', message: 'the handler answered 500\nTraceback' },
  next: 'retry',
});
const message = ({ position, ...rest }: { readonly position: string }): string =>
  `id: ${position}\ndata: ${JSON.stringify({ ...rest, position })}\n\n`;

describe('cortex events', () => {
  it('prints a line for each event, of all pages', async () => {
    cli.gateway.on(`${path}?limit=1000`, { body: { events: [started], next_after: '7' } });
    cli.gateway.on(`${path}?after=7&limit=1000`, { body: { events: [failed], next_after: null } });
    const { code, stdout } = await cli.run('events', 'hello-world', JOB_ID);
    expect({ code, stdout: `\n${stdout}` }).toEqual({
      code: 0,
      stdout: `
       7  2021-06-10T12:00:01.000Z  JobStarted          workerId=0
      12  2021-06-10T12:00:01.000Z  BatchFailed         index=3 attempt=1 reason="handler.status: the handler answered 500" next=retry
`,
    });
  });

  it('prints JSON as the gateway sent it, an event a line', async () => {
    const body =
      '{"events":[{"type":"x.v1","time":"","position":"1","data":\n{"n":9007199254740993}}],"next_after":null}';
    cli.gateway.on(`${path}?limit=1000`, { body });
    const { stdout } = await cli.run('events', 'hello-world', JOB_ID, '-o', 'json');
    expect(stdout).toBe('{"type":"x.v1","time":"","position":"1","data":{"n":9007199254740993}}\n');
  });

  it('asks for types and for what is behind a moment', async () => {
    const route = `${path}?after=5&type=BatchFailed%2CJobCompleted&limit=1000`;
    cli.gateway.on(route, { body: { events: [failed], next_after: null } });
    const types = ['--type', 'BatchFailed', 'JobCompleted'];
    const { stdout } = await cli.run('events', 'hello-world', JOB_ID, ...types, '--since', '5');
    expect(stdout).toContain('BatchFailed');
  });

  it('follows until the gateway says that it is over, through a stream that breaks off', async () => {
    const headers = { 'content-type': 'text/event-stream' };
    const resumedAt: (string | undefined)[] = [];
    cli.gateway.on(`${path}?limit=1000`, ({ headers: { accept, 'last-event-id': lastId } }) => {
      expect(accept).toBe('text/event-stream');
      resumedAt.push(lastId?.toString());
      if (lastId === undefined) return { headers, body: `retry: 1000\n\n:\n\n${message(started)}` };
      return { headers, body: `${message(failed)}event: end\ndata: {}\n\n` };
    });
    const { code, stdout } = await cli.run('events', 'hello-world', JOB_ID, '--follow');
    expect(code).toBe(0);
    expect(stdout.match(/JobStarted|BatchFailed/g)).toEqual(['JobStarted', 'BatchFailed']);
    expect(resumedAt).toEqual([undefined, '7']);
  });

  it('says what it does not take', async () => {
    const { code, stderr } = await cli.run('events', 'hello-world', JOB_ID, '--since', 'noon');
    expect(code).toBe(2);
    expect(stderr).toContain('--since takes a time of day (10:31:05), a time');
  });
});
