import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type HookResponse, NoLiveWorker } from '#libs/compute/compute.port.ts';
import type { CompletionHookOutcome } from '#libs/domain/job/job.events.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { A_JOB, counts } from '#test/support/job.builders.ts';
import { callCompletionHook } from './completion-hook.ts';

type Answer = HookResponse | Error | 'never';

const noWorker = new NoLiveWorker('no worker is running');
const serverError = { status: 500, message: 'handler answered 500' };

/** Workers whose handler gives these answers, one after the other. */
class ScriptedWorkers {
  readonly bodies: string[] = [];

  constructor(private readonly answers: Answer[]) {}

  async callCompletionHook(_job: JobId, body: string, signal: AbortSignal): Promise<HookResponse> {
    this.bodies.push(body);
    const answer = this.answers.shift() ?? new Error('called too often');
    if (answer instanceof Error) throw answer;
    if (answer !== 'never') return answer;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('gave up waiting')));
    });
  }
}

describe('callCompletionHook', () => {
  let stopping: AbortController;

  beforeEach(() => {
    jest.useFakeTimers();
    stopping = new AbortController();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const call = (
    workers: ScriptedWorkers,
    hasWorkers = () => true,
  ): Promise<CompletionHookOutcome> =>
    callCompletionHook(
      workers,
      {
        jobId: A_JOB,
        counts: counts({ enqueued: 10, succeeded: 7, failed: 2, deadLettered: 1 }),
        hasWorkers,
      },
      stopping.signal,
    );
  /** The outcome, with all waiting passed over. */
  const outcomeOf = async (...answers: Answer[]): Promise<CompletionHookOutcome> => {
    const outcome = call(new ScriptedWorkers(answers));
    await jest.runAllTimersAsync();
    return outcome;
  };

  it('has succeeded when the handler answers 200', async () => {
    expect(await outcomeOf({ status: 200, message: 'ok' })).toEqual({
      result: 'succeeded',
      attempts: 1,
      message: null,
    });
  });

  it('tells the handler what became of the batches', async () => {
    const workers = new ScriptedWorkers([{ status: 200, message: 'ok' }]);
    await call(workers);
    expect(workers.bodies.map((body): unknown => JSON.parse(body))).toEqual([
      { message: 'job_complete', total_batch_count: 10, succeeded: 7, failed: 2, dead_lettered: 1 },
    ]);
  });

  it.each([404, 405])('is absent when the handler answers %i', async (status) => {
    expect(await outcomeOf({ status, message: 'no such route' })).toEqual({
      result: 'absent',
      attempts: 1,
      message: null,
    });
  });

  it('has failed after three bad answers, and keeps the last one', async () => {
    const last = { status: null, message: 'no answer in time' };
    expect(await outcomeOf(serverError, { status: 302, message: 'moved' }, last)).toEqual({
      result: 'failed',
      attempts: 3,
      message: 'no answer in time',
    });
  });

  it('succeeds when a later answer is good, saying the same each time', async () => {
    const workers = new ScriptedWorkers([serverError, serverError, { status: 200, message: '' }]);
    const outcome = call(workers);
    await jest.runAllTimersAsync();
    expect(await outcome).toMatchObject({ result: 'succeeded', attempts: 3 });
    expect(new Set(workers.bodies).size).toBe(1);
  });

  it('waits a second before it calls again', async () => {
    const workers = new ScriptedWorkers([serverError, { status: 200, message: '' }]);
    const outcome = call(workers);
    await jest.advanceTimersByTimeAsync(999);
    expect(workers.bodies).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(workers.bodies).toHaveLength(2);
    await outcome;
  });

  it('waits for a replacement, which uses up no attempt', async () => {
    const replaced = Array.from({ length: 20 }, () => noWorker);
    expect(
      await outcomeOf(serverError, ...replaced, serverError, { status: 200, message: '' }),
    ).toEqual({
      result: 'succeeded',
      attempts: 3,
      message: null,
    });
  });

  it('has failed when no worker is left', async () => {
    const outcome = call(new ScriptedWorkers([]), () => false);
    expect(await outcome).toEqual({
      result: 'failed',
      attempts: 0,
      message: 'no worker was left to call it',
    });
  });

  it('has failed when the last worker is lost while it waits for one', async () => {
    let isLeft = true;
    const outcome = call(
      new ScriptedWorkers(Array.from({ length: 5 }, () => noWorker)),
      () => isLeft,
    );
    await jest.advanceTimersByTimeAsync(250);
    isLeft = false;
    await jest.runAllTimersAsync();
    expect(await outcome).toMatchObject({ result: 'failed', attempts: 0 });
  });

  it.each<[string, Answer]>([
    ['while the handler is called', 'never'],
    ['while it waits for a worker', noWorker],
    ['while it waits to call again', serverError],
  ])('gives up when it is told to (%s)', async (_when, answer) => {
    const outcome = call(new ScriptedWorkers([answer]));
    await jest.advanceTimersByTimeAsync(50);
    stopping.abort();
    expect(await outcome).toMatchObject({ result: 'failed', message: 'given up' });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not call when it was told to give up before', async () => {
    stopping.abort();
    const workers = new ScriptedWorkers([]);
    expect(await call(workers)).toEqual({ result: 'failed', attempts: 0, message: 'given up' });
    expect(workers.bodies).toEqual([]);
  });

  it('passes on what is no answer and no lost worker', async () => {
    const outcome = call(new ScriptedWorkers([new Error('the cluster is away')]));
    await expect(outcome).rejects.toThrow('the cluster is away');
  });
});
