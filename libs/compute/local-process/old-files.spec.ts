import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { jobId } from '#libs/domain/kernel/ids.ts';
import { removeOldFiles } from './old-files.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-05-20T12:00:00Z');
const retention = { ageMsMax: 7 * DAY_MS, logBytesMax: 1000 };
const nothing = { jobs: new Set<never>(), codeFolders: new Set<string>() };

describe('what jobs leave on this machine', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cortex-old-files-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  /** A file of some days ago, in a folder as old. */
  async function file(path: string, { daysOld = 0, bytes = 10 } = {}): Promise<void> {
    const whole = join(dataDir, path);
    const time = new Date(NOW_MS - daysOld * DAY_MS);
    await mkdir(dirname(whole), { recursive: true });
    await writeFile(whole, Buffer.alloc(bytes));
    await utimes(whole, time, time);
    await utimes(dirname(whole), time, time);
  }
  const isThere = (path: string): boolean => existsSync(join(dataDir, path));
  const remove = (inUse: Parameters<typeof removeOldFiles>[2] = nothing): Promise<void> =>
    removeOldFiles(dataDir, retention, inUse, NOW_MS);

  it('is nothing at the beginning', () => remove());

  it('is removed when it is old', async () => {
    await file('logs/sum/00000000000000aa/0.log', { daysOld: 8 });
    await file('code/0123/handler.py', { daysOld: 8 });
    await file('logs/sum/00000000000000bb/0.log', { daysOld: 6 });
    await file('code/4567/handler.py', { daysOld: 6 });

    await remove();

    const old = ['logs/sum/00000000000000aa', 'code/0123'];
    expect(old.filter(isThere)).toEqual([]);
    const young = ['logs/sum/00000000000000bb/0.log', 'code/4567'];
    expect(young.filter(isThere)).toEqual(young);
  });

  it('stays as long as a job uses it', async () => {
    await file('logs/sum/00000000000000aa/0.log', { daysOld: 8, bytes: 2000 });
    await file('code/0123/handler.py', { daysOld: 8 });

    const codeFolders = new Set([join(dataDir, 'code/0123')]);
    await remove({ jobs: new Set([jobId('00000000000000aa')]), codeFolders });

    const used = ['logs/sum/00000000000000aa/0.log', 'code/0123'];
    expect(used.filter(isThere)).toEqual(used);
  });

  it('goes from the oldest on when there is too much of it', async () => {
    await file('logs/sum/00000000000000aa/0.log', { daysOld: 3, bytes: 400 });
    await file('logs/mean/00000000000000bb/0.log', { daysOld: 4, bytes: 400 });
    await file('logs/sum/00000000000000cc/1.log', { daysOld: 2, bytes: 600 });

    await remove();

    expect(isThere('logs/mean/00000000000000bb')).toBe(false);
    expect(isThere('logs/sum/00000000000000aa/0.log')).toBe(true);
    expect(isThere('logs/sum/00000000000000cc/1.log')).toBe(true);
  });

  it('leaves logs of the services alone', async () => {
    await file('logs/gateway.log', { daysOld: 30 });
    await remove();
    expect(isThere('logs/gateway.log')).toBe(true);
  });
});
