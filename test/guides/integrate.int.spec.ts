import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { EndStatus } from '#libs/domain/job/job-status-code.ts';
import { apiName, type ApiName, jobId, type JobId } from '#libs/domain/kernel/ids.ts';
import { batchFailed, batchSucceeded } from '#test/support/batch.builders.ts';
import { GuideProgram, guideBlocks } from '#test/support/guide-programs.ts';
import { HttpHandler } from '#test/support/http-handler.ts';
import { aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { LogWriter } from '#test/support/log-writer.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { until } from '#test/support/until.ts';

const blocks = guideBlocks('integrate.md');
const sum = apiName('sum');
const product = apiName('product');
const LANGUAGES = [
  ['TypeScript', 'ts'],
  ['Python', 'py'],
] as const;
/** Python's programs ask again after 5 s when the server that they asked has died. */
const RESTART_MS_MAX = 60_000;
jest.setTimeout(240_000);

let server: TestNatsServer;
let log: LogWriter;
let program: GuideProgram | null = null;
let nextJob: number;

beforeEach(async () => {
  server = await TestNatsServer.start();
  log = await LogWriter.open(server.url);
  program = null;
  nextJob = 1;
});
afterEach(async () => {
  await program?.stop();
  await log.close();
  await server.stop();
});

const newJobId = (): JobId => jobId(String(nextJob++).padStart(16, '0'));
const run = async (file: string, ...args: readonly string[]): Promise<GuideProgram> =>
  (program = await GuideProgram.start(blocks, file, { args, natsUrl: server.url }));

async function endJob(api: ApiName, status: EndStatus = 'succeeded'): Promise<JobId> {
  const id = newJobId();
  await log.decide(api, aJobSubmitted({ jobId: id, apiName: api }));
  await log.decide(api, jobCompleted({ jobId: id, status }));
  return id;
}

/** The program's own words when what it should do does not happen. */
async function untilDone(
  what: string,
  running: GuideProgram,
  isDone: () => boolean,
): Promise<void> {
  await until(what, isDone, RESTART_MS_MAX).catch((error: unknown) => {
    throw new Error(`${String(error)}; the program printed: ${running.output}`);
  });
}

/** What the program `completed` has written. */
const readLines = (running: GuideProgram): { position: number; jobId: string }[] => {
  const file = join(running.folder, 'completed.ndjson');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
};

const fail = async (api: ApiName, index: number): Promise<void> => {
  const id = newJobId();
  await log.record(api, batchSucceeded({ jobId: id, index }));
  await log.record(api, batchFailed({ jobId: id, index }));
};

const example = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../examples/subscribers', name), 'utf8');

const BILLING = { NATS_USER: 'billing', NATS_PASSWORD: 'some' };

/** A server with the guide's users. */
const guarded = async (use: (urls: { cortex: string; billing: string }) => Promise<void>) => {
  const nats = await TestNatsServer.start({
    config: blocks.get('nats-server.conf') ?? '',
    env: { CORTEX_PASSWORD: 'all', BILLING_PASSWORD: 'some' },
  });
  try {
    await use({ cortex: `nats://cortex:all@127.0.0.1:${nats.port}`, billing: nats.url });
  } finally {
    await program?.stop();
    await nats.stop();
  }
};

describe('the guide', () => {
  it('has the programs of examples/subscribers, to the letter', () => {
    const programs = [...blocks].filter(([title]) => /\.(ts|py)$/.test(title));
    expect(programs.length).toBe(6);
    for (const [title, code] of programs) expect(code).toBe(example(title));
  });
});

describe.each(LANGUAGES)('the subscriber to ended jobs, in %s', (_, ending) => {
  it('sees each once, whatever is killed', async () => {
    const ended = [await endJob(sum), await endJob(product, 'stopped')];
    const running = await run(`completed.${ending}`, 'completed.ndjson');
    const untilAll = (what: string): Promise<void> =>
      untilDone(what, running, () => readLines(running).length >= ended.length);
    await untilAll('what was there before');

    await server.restart();
    ended.push(await endJob(sum, 'worker_error'), await endJob(sum));
    await untilAll('what came after the restart of the server');

    await running.kill();
    ended.push(await endJob(product));
    await server.restart();
    await running.restart();
    ended.push(await endJob(sum));
    await untilAll('what came while the subscriber was away');

    await running.restart();
    ended.push(await endJob(sum));
    await untilAll('the last');
    const seen = readLines(running);
    expect(seen.map((line) => line.jobId)).toEqual(ended);
    expect(new Set(seen.map(({ position }) => position)).size).toBe(ended.length);
  });
});

describe.each(LANGUAGES)('the subscriber to failures of one API, in %s', (_, ending) => {
  it('sees all of them, and nothing else, across a restart of the server', async () => {
    await fail(sum, 1);
    await fail(product, 2);
    const running = await run(`failures.${ending}`, 'sum');
    const untilSeen = (text: string): Promise<void> =>
      untilDone(text, running, () => running.output.replaceAll(' ', '').includes(text));
    await untilSeen('"index":1');

    await server.restart();
    await fail(product, 3);
    await fail(sum, 4);
    await endJob(sum);
    await endJob(sum, 'worker_oom');
    await untilSeen('"index":4');
    await untilSeen('"worker_oom"');
    expect(running.output).not.toMatch(/BatchSucceeded|"index": ?[23]|"status": ?"succeeded"/);
  });
});

describe.each(LANGUAGES)('the bridge, in %s', (_, ending) => {
  it('sends each ended job until it is taken, across a restart of the server', async () => {
    const failing = new Set<string | undefined>();
    const hook = await HttpHandler.start((request, response) => {
      const id = String(request.headers['ce-id']);
      response.statusCode = failing.has(id) ? 200 : 503; // Each is refused the first time.
      failing.add(id);
      response.end();
    });
    try {
      const ended = [await endJob(sum), await endJob(product)];
      const running = await run(`bridge.${ending}`, `http://127.0.0.1:${hook.port}/hook`);
      const taken = (): string[] => {
        const ids = hook.requests.map(({ headers }) => String(headers['ce-id']));
        return [...new Set(ids.filter((id, place) => ids.indexOf(id) < place))].sort();
      };
      const untilAll = (): Promise<void> =>
        untilDone('all', running, () => taken().length === ended.length);
      await untilAll();
      await server.restart();
      ended.push(await endJob(sum));
      await untilAll();
      expect(taken()).toEqual(ended.map((id) => `${id}.JobCompleted`).sort());
      expect(hook.requests[0]).toMatchObject({
        url: '/hook',
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-type': 'dev.cortex.batch.JobCompleted.v1',
        },
      });
      expect(JSON.parse(hook.requests[0]?.body ?? '')).toMatchObject({ status: 'succeeded' });
    } finally {
      await program?.stop();
      await hook.stop();
    }
  });
});

describe('the permissions of a subscriber', () => {
  it.each(LANGUAGES)('let the program in %s read', async (_, ending) => {
    await guarded(async ({ cortex, billing }) => {
      const writer = await LogWriter.open(cortex);
      const id = newJobId();
      await writer.decide(sum, aJobSubmitted({ jobId: id }));
      await writer.decide(sum, jobCompleted({ jobId: id }));
      const code = new Map(
        [...blocks].map(([title, text]) => [
          title,
          text.replaceAll('completed-jobs-py', 'completed-jobs'),
        ]),
      );
      const options = { args: ['completed.ndjson'], natsUrl: billing, env: BILLING };
      const running = await GuideProgram.start(code, `completed.${ending}`, options);
      program = running;
      await untilDone('the job', running, () =>
        existsSync(join(running.folder, 'completed.ndjson')),
      );
      await writer.close();
    });
  });

  it('do not let it write, nor touch what is not its own', async () => {
    await guarded(async ({ cortex, billing }) => {
      const writer = await LogWriter.open(cortex);
      const nats = await connect({ servers: billing, user: 'billing', pass: 'some' });
      const subject = 'cortex.events.sum.jobs.0000000000000001.job';
      await expect(nats.request(subject, 'x', { timeout: 2000 })).rejects.toThrow(/permission/i);
      const manager = await jetstreamManager(nats, { checkAPI: false, timeout: 2000 });
      await expect(manager.streams.purge('CORTEX_EVENTS')).rejects.toThrow(/permission/i);
      await expect(manager.consumers.delete('CORTEX_EVENTS', 'enqueuer')).rejects.toThrow(
        /permission/i,
      );
      await expect(
        manager.consumers.add('CORTEX_EVENTS', { durable_name: 'other' }),
      ).rejects.toThrow(/permission/i);
      await nats.close();
      await writer.close();
    });
  });
});
