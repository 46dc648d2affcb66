import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { LocalPlatform } from '#test/support/local-platform.ts';
import { processesWith } from '#test/support/process-scan.ts';
import { until } from '#test/support/until.ts';

describe('what one scheduler leaves to the next', () => {
  let platform: LocalPlatform;

  beforeEach(async () => {
    platform = await LocalPlatform.start();
  });

  afterEach(async () => {
    const { dataDir } = platform;
    await platform.stop();
    expect(processesWith(dataDir)).toEqual([]);
  });

  it('can be told again to end a job whose files could not be removed', async () => {
    const workload = platform.workload();
    await platform.enqueue(workload, []);
    await platform.compute.start(workload);
    const jobs = join(platform.dataDir, 'jobs');
    await rename(jobs, `${jobs}.away`);
    await writeFile(jobs, 'no folder');
    await expect(platform.compute.stop(workload.jobId, 0)).rejects.toThrow('ENOTDIR');
    await rm(jobs);
    await rename(`${jobs}.away`, jobs);
    await platform.compute.stop(workload.jobId, 0);
    expect(await readdir(jobs)).toEqual([]);
  });

  it('removes the files of a job that an earlier scheduler has started', async () => {
    const workload = platform.workload();
    await platform.enqueue(workload, []);
    await platform.compute.start(workload);
    await mkdir(join(platform.dataDir, 'jobs', 'of-somebody-else'));
    expect(await platform.successor.list()).toEqual([workload.jobId]);
    expect(await platform.compute.list()).toEqual([workload.jobId]);
    await rmdir(join(platform.dataDir, 'jobs', 'of-somebody-else'));
    await platform.successor.stop(workload.jobId, 0);
    expect(await platform.successor.list()).toEqual([]);
    expect(await readdir(join(platform.dataDir, 'jobs'))).toEqual([]);
  });

  it('removes old files also when it leads again', async () => {
    const { dataDir } = platform;
    await platform.stop();
    const retention = { ageMsMax: 1000, logBytesMax: 1024 };
    platform = await LocalPlatform.start({ dataDir, sweepMs: 20, retention });
    await platform.compute.close();
    platform.compute.onReport(() => {});
    const old = join(dataDir, 'logs', 'sum', '00000000000000aa');
    await mkdir(old, { recursive: true });
    await utimes(old, 0, 0);
    await until('the old files to go', () => !existsSync(old));
  });

  it('halts workers that another has started, who is paused', async () => {
    const workload = platform.workload({ workers: 2 });
    await platform.enqueue(
      workload,
      Array.from({ length: 100 }, () => '[{"sleepMs":30}]'),
    );
    await platform.compute.start(workload);
    await until('some calls', () => platform.calls().length >= 8);

    await platform.successor.halt(workload.jobId);
    const calls = () => platform.calls().filter(({ body }) => body !== undefined).length;
    const started = calls();

    const receiver = await platform.queue.receiver(workload);
    await until('all the rest on the queue', async () => {
      const batches = await receiver.receive(100, 500);
      return batches.length === 0;
    });
    await receiver.close();
    // One call of each worker may have been on its way, which its handler read after the halt.
    expect(calls()).toBeLessThanOrEqual(started + 2);
    expect(started).toBeLessThan(100);
  });

  it('halts nobody where nobody works', () => platform.successor.halt(jobId('00000000000000ff')));
});
