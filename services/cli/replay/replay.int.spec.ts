import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { encodeEvent } from '#libs/event-store/codec/event-codec.ts';
import { batchesEnqueued, batchFailed, batchSucceeded } from '#test/support/batch.builders.ts';
import { CommandLine } from '#test/support/command-line.ts';
import { JOB_ID, runningJob } from '#test/support/gateway-answers.ts';
import {
  A_JOB,
  aJobSubmitted,
  enqueuingCompleted,
  jobCompleted,
} from '#test/support/job.builders.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.create();
  cli.gateway.on(`GET /v1/jobs/${A_JOB}`, {
    body: { job_status: { ...runningJob, job_id: A_JOB }, endpoint: '', api_spec: {} },
  });
});
afterEach(() => cli.remove());

/** Events that happened one after the other, so many ms apart. */
function recorded(apartMs: number, ...events: readonly PlatformEvent[]): void {
  const documents = events.map((event, place) => {
    const { ceType, payload } = encodeEvent(event);
    const time = new Date(Date.UTC(2021, 5, 10, 12) + place * apartMs).toISOString();
    const data = Buffer.from(payload).toString();
    return `{"type":"${ceType}","time":"${time}","position":"${place + 1}","data":${data}}`;
  });
  const body = `{"events":[${documents.join()}],"next_after":null}`;
  cli.gateway.on(`GET /v1/jobs/${A_JOB}/events?limit=1000`, { body });
}

const aLife = [
  aJobSubmitted(),
  batchesEnqueued({ batchCount: 2 }),
  enqueuingCompleted({ totalBatchCount: 2 }),
  batchSucceeded({ index: 0 }),
  batchFailed({ index: 1 }),
  jobCompleted({ status: 'completed_with_failures' }),
];

describe('cortex replay', () => {
  it('tells what happened when, and how it ended', async () => {
    recorded(10_000, ...aLife);
    const { code, stdout, stderr } = await cli.run(
      'replay',
      'hello-world',
      A_JOB,
      '--speed',
      'max',
    );
    expect(code).toBe(0);
    expect(stdout.match(/^\+.*s {2}\w+/gm)).toEqual([
      '+0.000s  JobSubmitted',
      '+20.000s  EnqueuingCompleted',
      '+50.000s  JobCompleted',
    ]);
    expect(stdout).toContain(
      `${A_JOB} completed with failures: 1 of 2 batches succeeded, 1 failed, in 50s\n`,
    );
    expect(stderr).toContain('completed with failures: 2/2 batches');
  });

  it('takes as long as it took, divided by the speed', async () => {
    recorded(10_000, ...aLife);
    const startMs = performance.now();
    await cli.run('replay', 'hello-world', A_JOB, '--speed', '25x');
    expect(performance.now() - startMs).toBeGreaterThan(2000);
  });

  it('prints JSON as the gateway sent it, an event a line', async () => {
    recorded(0, ...aLife);
    const { stdout } = await cli.run('replay', 'hello-world', A_JOB, '-o', 'json');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { position: string }).position)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
    ]);
  });

  it.each(['0x', '-1', 'fast'])('refuses to be as fast as %s', async (speed) => {
    const { code, stderr } = await cli.run('replay', 'hello-world', JOB_ID, `--speed=${speed}`);
    expect(code).toBe(2);
    expect(stderr).toContain(`--speed takes a factor like 10x, or max (got ${speed})`);
  });
});
