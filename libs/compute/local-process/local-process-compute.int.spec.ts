import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anApiSpec } from '#test/support/api.builders.ts';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { workerId } from '#libs/domain/kernel/ids.ts';
import { computeContract } from '../compute.contract.ts';
import { aPod } from '#test/support/workload.builders.ts';
import { HANDLERS, LocalPlatform } from '#test/support/local-platform.ts';
import { processesWith } from '#test/support/process-scan.ts';
import { until } from '#test/support/until.ts';

computeContract(async () => {
  const platform = await LocalPlatform.start({ workersMax: 2 });
  return {
    compute: platform.compute,
    workload: (changes) => platform.workload(changes),
    kill: () => platform.killWorker(),
    dispose: () => platform.stop(),
  };
});

describe('workers as local processes', () => {
  let platform: LocalPlatform;
  let blobs: InMemoryBlobStore;

  beforeEach(async () => {
    blobs = new InMemoryBlobStore();
    platform = await LocalPlatform.start({ blobs });
  });

  afterEach(async () => {
    const { dataDir } = platform;
    await platform.stop();
    expect(processesWith(dataDir)).toEqual([]);
  });

  it('runs a job by a command that serves HTTP', async () => {
    const workload = platform.workload({ workers: 2 });
    await platform.enqueue(workload, ['[9007199254740993, {"b":1,"a":2}, "ü", null]', '[1]', '[]']);

    await platform.compute.start(workload);

    const outcomes = await until('three outcomes', async () => {
      const events = await platform.batchEvents(workload);
      return events.filter((event) => event.type === 'BatchSucceeded').length === 3 && events;
    });
    expect(outcomes.filter((event) => event.type === 'JobStarted').length).toBeGreaterThan(0);
    const call = platform
      .calls()
      .find((each) => each.headers?.['x-cortex-batch-id']?.endsWith('-0'));
    expect(call?.body).toBe('[9007199254740993, {"b":1,"a":2}, "ü", null]');
    expect(call?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-cortex-job-id': workload.jobId,
      'x-cortex-attempt': '1',
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    });
  });

  it.each([
    ['python', 'handler.py'],
    ['node', 'handler.ts'],
  ] as const)('runs a job by a %s function', async (type, path) => {
    const out = join(platform.dataDir, 'out.ndjson');
    const handler = { ...anApiSpec().handler, type, path, config: { out } } as never;
    const workload = platform.workload({ spec: anApiSpec({ handler }) });
    await platform.enqueue(workload, ['[1,2]', '["fail"]', '[3]']);

    await platform.compute.start(workload);

    const events = await until('three outcomes', async () => {
      const all = await platform.batchEvents(workload);
      return all.filter(({ type: t }) => t !== 'JobStarted').length === 3 && all;
    });
    expect(events.filter((event) => event.type === 'BatchSucceeded')).toHaveLength(2);
    expect(events.find((event) => event.type === 'BatchFailed')).toMatchObject({
      data: {
        index: 1,
        next: 'fail',
        reason: {
          kind: 'dequeuer.user_container_response_status_code',
          message:
            'invalid response from user container; got status code 500, expected status code 200',
        },
      },
    });
    const hook = await platform.compute.callCompletionHook(
      workload.jobId,
      '{"message":"job_complete"}',
      AbortSignal.timeout(10_000),
    );
    expect(hook.status).toBe(200);
    expect(readFileSync(out, 'utf8').replaceAll(' ', '').trim().split('\n').sort()).toEqual([
      `{"batch":"${workload.jobId}-0","payload":[1,2]}`,
      `{"batch":"${workload.jobId}-2","payload":[3]}`,
      `{"complete":"${workload.jobId}"}`,
    ]);
    const log = await platform.compute.readLog({ ...workload, workerId: workerId(0) }, 0, 65_536);
    const text = Buffer.from(log?.bytes ?? []).toString();
    expect(text).toContain(`handler of ${workload.jobId}`);
    expect(text).toContain('asked to fail');
  });

  it('runs a handler where its code was unpacked', async () => {
    const source = await mkdtemp(join(tmpdir(), 'cortex-source-'));
    await writeFile(join(source, 'main.mjs'), 'await import(process.env.SERVE);\n');
    const pieces = [];
    for await (const piece of create({ cwd: source, gzip: true }, ['main.mjs'])) pieces.push(piece);
    await blobs.put('code/1', Buffer.concat(pieces));
    await rm(source, { recursive: true });
    const pod = aPod({
      command: ['node', './main.mjs'],
      env: { CALLS_FILE: platform.callsFile, SERVE: join(HANDLERS, 'serve.mjs') },
    });
    const spec = anApiSpec({ handler: null, pod });
    const workload = platform.workload({ spec, codeKey: 'code/1' });
    await platform.enqueue(workload, ['[1]']);

    await platform.compute.start(workload);

    await until('the outcome', async () => (await platform.batchEvents(workload)).length === 2);
  });

  it('fails the workers of a job whose code is gone', async () => {
    const workload = platform.workload({ codeKey: 'code/none', workers: 2 });

    await platform.compute.start(workload);

    expect(platform.reports).toMatchObject(
      [0, 1].map((ordinal) => ({
        workerId: workerId(ordinal),
        state: 'failed',
        willRestart: false,
        reason: { kind: 'worker.code_unusable', message: 'there is no code archive code/none' },
      })),
    );
  });

  it('gives the process of a job that has ended to the next one', async () => {
    await platform.stop();
    platform = await LocalPlatform.start({ warmWorkers: 1, workersMax: 1 });
    const pidsOf = (mark: string): readonly number[] =>
      processesWith(platform.nats.url)
        .filter(({ commandLine }) => commandLine.includes(mark))
        .map(({ pid }) => pid);
    const pids: number[] = [];
    for (const workload of [platform.workload(), platform.workload(), platform.workload()]) {
      await platform.enqueue(workload, ['[1]', '[2]']);
      await platform.compute.start(workload);
      await until('both outcomes', async () => (await platform.batchEvents(workload)).length === 3);
      const signal = AbortSignal.timeout(10_000);
      const hook = await platform.compute.callCompletionHook(workload.jobId, '{}', signal);
      expect(hook.status).toBe(200);
      pids.push(...pidsOf('worker/main'));
      await platform.compute.halt(workload.jobId);
      await platform.compute.stop(workload.jobId, 0);
      const states = ['0.0 initializing', '0.0 running', '0.0 succeeded'];
      expect(platform.states(workload)).toEqual(states);
      expect(processesWith(platform.callsFile)).toEqual([]);
    }
    expect(new Set(pids).size).toBe(1);
    expect(pids).toHaveLength(3);
  });

  it('runs the batch of a worker that was killed again on its replacement', async () => {
    const workload = platform.workload();
    await platform.enqueue(workload, ['[{"sleepMs":700}]', '[1]']);
    await platform.compute.start(workload);
    const first = await until('the call', () => platform.calls()[0] ?? null);

    platform.killWorker();

    await until('the outcomes', async () => {
      const events = await platform.batchEvents(workload);
      return events.filter((event) => event.type === 'BatchSucceeded').length === 2;
    });
    expect(platform.calls().filter(({ answered }) => answered !== undefined)).toHaveLength(2);
    expect(platform.calls().every(({ pid }, index) => index === 0 || pid !== first.pid)).toBe(true);
    expect(platform.states(workload)).toEqual([
      '0.0 initializing',
      '0.0 running',
      '0.0 failed',
      '0.1 pending',
      '0.1 initializing',
      '0.1 running',
    ]);
  });

  it('takes the death of a handler for a failure of the worker, not of the batch', async () => {
    const workload = platform.workload();
    await platform.enqueue(workload, ['[{"exit":3}]']);

    await platform.compute.start(workload);

    const lost = await until(
      'the worker to be lost',
      () =>
        platform.reports.find(({ state, willRestart }) => state === 'failed' && !willRestart) ??
        null,
    );
    expect(lost.restart).toBe(5);
    expect(lost.reason?.kind).toBe('worker.container_exited');
    expect(lost.reason?.message).toContain('container "api" exited with code 3');
    expect(lost.reason?.message).toContain('leaving with 3');
    const events = await platform.batchEvents(workload);
    expect(events.map((event) => event.type)).not.toContain('BatchFailed');
  });

  it('dead-letters a batch that kills its handler every time', async () => {
    const workload = platform.workload({
      deadLetterQueue: { arn: 'arn:aws:sqs:us-east-1:1:dead', receiveCountMax: 2 },
    });
    await platform.enqueue(workload, ['[{"exit":3}]', '[1]']);

    await platform.compute.start(workload);

    const events = await until('the outcomes', async () => {
      const all = await platform.batchEvents(workload);
      const types = new Set(all.map((event) => event.type));
      return types.has('BatchDeadLettered') && types.has('BatchSucceeded') && all;
    });
    expect(events.find((event) => event.type === 'BatchDeadLettered')).toMatchObject({
      data: { index: 0, attempt: 2 },
    });
  });

  it('gives up in seconds on a command that does not start', async () => {
    const { spec } = platform.workload();
    const containers = (spec.pod?.containers ?? []).map((container) => ({
      ...container,
      command: ['no-such-program'],
    }));
    const workload = platform.workload({ spec: { ...spec, pod: { port: 8080, containers } } });

    await platform.compute.start(workload);

    const lost = await until(
      'the worker to be lost',
      () =>
        platform.reports.find(({ state, willRestart }) => state === 'failed' && !willRestart) ??
        null,
      10_000,
    );
    expect(lost.reason).toMatchObject({ kind: 'worker.container_not_started' });
    expect(lost.reason?.message).toContain('no-such-program');
  });

  it('starts no handler call after a halt, and gives back what was not started', async () => {
    const workload = platform.workload();
    await platform.enqueue(
      workload,
      Array.from({ length: 50 }, () => '[{"sleepMs":30}]'),
    );
    await platform.compute.start(workload);
    await until('some calls', () => platform.calls().length >= 4);

    await platform.compute.halt(workload.jobId);
    const started = platform.calls().filter(({ body }) => body !== undefined).length;

    const receiver = await platform.queue.receiver(workload);
    const left = await until('the rest on the queue', async () => {
      const batches = await receiver.receive(100, 500);
      return batches.length > 0 && batches;
    });
    expect(left.every(({ attempt }) => attempt <= 2)).toBe(true);
    // One call may have been on its way, which the handler read after the halt.
    const calls = platform.calls().filter(({ body }) => body !== undefined);
    expect(calls.length).toBeLessThanOrEqual(started + 1);
    await receiver.close();
    await platform.compute.stop(workload.jobId, 1000);
    expect(platform.states(workload).at(-1)).toBe('0.0 succeeded');
    expect(await platform.compute.list()).toEqual([]);
  });

  it('cuts a call that outlasts the grace, and offers its batch again', async () => {
    const workload = platform.workload();
    await platform.enqueue(workload, ['[{"sleepMs":60000}]']);
    await platform.compute.start(workload);
    await until('the call', () => platform.calls().length > 0);

    await platform.compute.stop(workload.jobId, 100);

    expect(await platform.batchEvents(workload)).toMatchObject([{ type: 'JobStarted' }]);
    const receiver = await platform.queue.receiver(workload);
    expect(await receiver.receive(1, 1000)).toMatchObject([{ index: 0, attempt: 2 }]);
    await receiver.close();
  });
});
