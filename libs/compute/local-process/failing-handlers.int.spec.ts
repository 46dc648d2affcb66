import { afterEach, describe, expect, it } from '@jest/globals';
import { workerId } from '#libs/domain/kernel/ids.ts';
import { anApiSpec } from '#test/support/api.builders.ts';
import { LocalPlatform } from '#test/support/local-platform.ts';
import { processesWith } from '#test/support/process-scan.ts';
import { until } from '#test/support/until.ts';
import { aPod } from '#test/support/workload.builders.ts';
import type { WorkerReport } from '../compute.port.ts';

/** Three starts from the sources, on a busy machine. */
const LOST_MS_MAX = 60_000;

let platform: LocalPlatform;

afterEach(async () => {
  const { dataDir } = platform;
  await platform.stop();
  expect(processesWith(dataDir)).toEqual([]);
});

const lostWorker = (): Promise<WorkerReport> =>
  until(
    'the worker to be lost',
    () => platform.reports.find((each) => each.state === 'failed' && !each.willRestart) ?? null,
    LOST_MS_MAX,
  ).catch((error: unknown) => {
    throw new Error(`so far: ${JSON.stringify(platform.reports)}`, { cause: error });
  });

describe('a handler of a local worker', () => {
  it('has failed when it is not ready in time, and its worker is lost at the third time', async () => {
    platform = await LocalPlatform.start({ workerEnv: { HANDLER_READY_MS_MAX: '1000' } });
    const workload = platform.workload({}, { START_DELAY_MS: '60000' });

    await platform.compute.start(workload);

    expect(await lostWorker()).toMatchObject({
      restart: 2,
      reason: {
        kind: 'worker.not_ready',
        message: expect.stringMatching(/^the handler was not ready within 1 s: port \d+: connect/),
      },
    });
    expect(platform.states(workload)).not.toContain('0.0 running');
  });

  it('cannot fill the disk with what it prints', async () => {
    platform = await LocalPlatform.start({ workerEnv: { LOCAL_LOG_BYTES_MAX: '65536' } });
    const script = `
      const line = 'x'.repeat(99) + '\\n';
      for (let n = 0; n < 5000; n++) process.stdout.write(line);
      console.log('the end');
      setInterval(() => {}, 1000);`;
    const pod = aPod({ command: [process.execPath, '-e', script] });
    const workload = platform.workload({ spec: anApiSpec({ handler: null, pod }) });
    const worker = { ...workload, workerId: workerId(0) };

    await platform.compute.start(workload);

    const whole = 500_008;
    const last = await until('the end', async () => {
      const chunk = await platform.compute.readLog(worker, whole - 8, 100);
      return chunk !== null && chunk.bytes.length > 0 && chunk;
    });
    expect(Buffer.from(last.bytes).toString()).toBe('the end\n');
    expect(last).toMatchObject({ nextOffset: whole, isOpen: true });
    const first = await platform.compute.readLog(worker, 0, 1_000_000);
    const [notice = '', line] = Buffer.from(first?.bytes ?? [])
      .toString()
      .split('\n');
    const removedBytes = Number(
      /^\[cortex: (\d+) bytes of this log were removed/.exec(notice)?.[1],
    );
    expect(removedBytes).toBeGreaterThan(whole - 2 * 65_536);
    expect(line).toMatch(/^x+$/);
    expect(first?.nextOffset).toBeGreaterThan(removedBytes);
  });

  it('is killed when it uses more memory than it may', async () => {
    platform = await LocalPlatform.start();
    const script = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(2 ** 24, 1)), 10);';
    const compute = { cpu: '1', mem: '200Mi', gpu: 0, inf: 0, shm: null };
    const pod = aPod({ command: [process.execPath, '-e', script], compute });
    const workload = platform.workload({ spec: anApiSpec({ handler: null, pod }) });

    await platform.compute.start(workload);

    expect(await lostWorker()).toMatchObject({
      reason: { kind: 'worker.oom', message: expect.stringContaining('its limit of 200Mi') },
    });
  });
});
