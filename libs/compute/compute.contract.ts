import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apiName, type JobId, jobId, type WorkerId, workerId } from '#libs/domain/kernel/ids.ts';
import { until } from '#test/support/until.ts';
import { type Compute, NoLiveWorker, type WorkerReport, type Workload } from './compute.port.ts';

/** A compute with two slots, and what a test needs to know of it. */
export interface ComputeUnderTest {
  readonly compute: Compute;
  /** A job whose handler prints `listening` when ready and answers the hook with 200, `hook heard`. */
  workload(changes: Partial<Workload>): Workload;
  /** Kills the worker of a job with one worker, which is running. */
  kill(job: JobId, worker: WorkerId): void;
  /** Frees what the compute stands on, after it was closed. */
  dispose(): Promise<void>;
}

const HOOK_BODY = '{"message":"job_complete"}';
const soon = (): AbortSignal => AbortSignal.timeout(20_000);

/** What every `Compute` must do. An adapter's spec is one call to this function. */
export function computeContract(make: () => Promise<ComputeUnderTest>): void {
  describe('Compute contract', () => {
    let under: ComputeUnderTest;
    let compute: Compute;
    let reports: WorkerReport[];

    /** Without what says no more than why a worker waits, which not every backend knows. */
    const states = ({ jobId: job }: Workload): string[] =>
      reports
        .filter((report) => report.jobId === job)
        .filter(({ state, reason }) => state !== 'pending' || reason === null)
        .map(({ workerId: id, restart, state }) => `${id}.${restart} ${state}`);
    const untilStates = async (workload: Workload, ...wanted: string[]): Promise<void> => {
      await until(`${wanted.join()} of ${workload.jobId}`, () =>
        wanted.every((state) => states(workload).includes(state)),
      );
    };

    beforeEach(async () => {
      under = await make();
      compute = under.compute;
      reports = [];
      compute.onReport((report) => reports.push(report));
    });

    afterEach(async () => {
      await compute.close();
      await under.dispose();
    });

    it('brings workers up and reports each step', async () => {
      const workload = under.workload({ workers: 2 });

      await compute.start(workload);
      await untilStates(workload, '0.0 running', '1.0 running');

      expect(states(workload).filter((state) => state.startsWith('0.'))).toEqual([
        '0.0 initializing',
        '0.0 running',
      ]);
      expect(reports[0]).toMatchObject({
        apiName: workload.apiName,
        jobId: workload.jobId,
        willRestart: false,
        reason: null,
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      });
      expect(await compute.list()).toEqual([workload.jobId]);
    });

    it('starts a job once', async () => {
      const workload = under.workload({});
      await compute.start(workload);
      await untilStates(workload, '0.0 running');

      await compute.start(workload);
      await compute.stop(workload.jobId, 0);

      expect(states(workload)).toEqual(['0.0 initializing', '0.0 running', '0.0 succeeded']);
    });

    it('reports workers that follow those of an earlier scheduler as pending', async () => {
      const workload = under.workload({ firstRestart: 3 });

      await compute.start(workload);
      await untilStates(workload, '0.3 running');

      expect(states(workload)).toEqual(['0.3 pending', '0.3 initializing', '0.3 running']);
    });

    it('keeps surplus workers pending until there is a slot', async () => {
      const first = under.workload({ workers: 2 });
      const second = under.workload({});
      await compute.start(first);
      await untilStates(first, '0.0 running', '1.0 running');
      await compute.start(second);
      expect(states(second)).toEqual([]);

      await compute.stop(first.jobId, 0);

      await untilStates(second, '0.0 running');
    });

    it('replaces a worker that died', async () => {
      const workload = under.workload({});
      await compute.start(workload);
      await untilStates(workload, '0.0 running');

      under.kill(workload.jobId, workerId(0));
      await untilStates(workload, '0.1 running');

      expect(states(workload).slice(2)).toEqual([
        '0.0 failed',
        '0.1 pending',
        '0.1 initializing',
        '0.1 running',
      ]);
      expect(reports.find(({ state }) => state === 'failed')).toMatchObject({
        willRestart: true,
        reason: { kind: expect.any(String), message: expect.stringContaining('SIGKILL') },
      });
    });

    it('starts no worker of a job that was halted', async () => {
      const first = under.workload({ workers: 2 });
      const second = under.workload({});
      await compute.start(first);
      await untilStates(first, '0.0 running', '1.0 running');
      await compute.start(second);

      await compute.halt(second.jobId);
      await compute.halt(first.jobId);
      await compute.stop(first.jobId, 0);
      await compute.stop(second.jobId, 0);

      expect(states(second)).toEqual(['0.0 succeeded']);
    });

    it('lets a worker call the completion hook', async () => {
      const workload = under.workload({});
      await compute.start(workload);
      await untilStates(workload, '0.0 running');

      const response = await compute.callCompletionHook(workload.jobId, HOOK_BODY, soon());

      expect(response).toEqual({ status: 200, message: 'hook heard' });
      expect(await compute.callCompletionHook(workload.jobId, HOOK_BODY, soon())).toEqual(response);
    });

    it('has no live worker before a job is started and after it is stopped', async () => {
      const workload = under.workload({});
      const call = (): Promise<unknown> =>
        compute.callCompletionHook(workload.jobId, HOOK_BODY, soon());

      await expect(call()).rejects.toThrow(NoLiveWorker);
      await compute.start(workload);
      await untilStates(workload, '0.0 running');
      await compute.stop(workload.jobId, 0);

      await expect(call()).rejects.toThrow(NoLiveWorker);
    });

    it('gives up waiting for the hook when told to', async () => {
      const workload = under.workload({});
      await compute.start(workload);
      await untilStates(workload, '0.0 running');

      const call = compute.callCompletionHook(workload.jobId, HOOK_BODY, AbortSignal.abort());

      await expect(call).rejects.toThrow('gave up waiting');
    });

    it('lets go of a job that is stopped', async () => {
      const workload = under.workload({ workers: 3 });
      await compute.start(workload);
      // Which of the three get the two slots, Kubernetes leaves to chance.
      await until('two to run', () => {
        const running = states(workload).filter((state) => state.endsWith(' running'));
        return running.length === 2;
      });

      await compute.stop(workload.jobId, 0);

      const last = ['0.0', '1.0', '2.0'].map((worker) => `${worker} succeeded`);
      expect(states(workload)).toEqual(expect.arrayContaining(last));
      expect(await compute.list()).toEqual([]);
    });

    it('takes stopping and halting a job that it does not have for done', async () => {
      const unknown = jobId('00000000000000ff');
      await compute.halt(unknown);
      await compute.stop(unknown, 0);
      expect(reports).toEqual([]);
    });

    it('reads a worker’s log from any offset, and says when it has ended', async () => {
      const workload = under.workload({});
      const worker = { ...workload, workerId: workerId(0) };
      await compute.start(workload);
      await untilStates(workload, '0.0 running');
      const whole = await until('the log', async () => {
        const chunk = await compute.readLog(worker, 0, 1000);
        return chunk !== null && chunk.bytes.length === 10 && chunk;
      });
      expect(whole).toMatchObject({ nextOffset: 10, isOpen: true });

      const part = await compute.readLog(worker, 2, 4);
      await compute.stop(workload.jobId, 0);
      const end = await compute.readLog(worker, 10, 100);

      expect(Buffer.from(part?.bytes ?? []).toString()).toBe('sten');
      expect(part?.nextOffset).toBe(6);
      expect(end).toMatchObject({ nextOffset: 10, isOpen: false });
      expect(end?.bytes.length).toBe(0);
    });

    it('knows no log of a worker that never was', async () => {
      const job = jobId('00000000000000ff');
      const ofUnknown = { apiName: apiName('sum'), jobId: job, workerId: workerId(0) };
      expect(await compute.readLog(ofUnknown, 0, 100)).toBeNull();
      const outside = { ...ofUnknown, apiName: apiName('../../..') };
      expect(await compute.readLog(outside, 0, 100)).toBeNull();
    });
  });
}
