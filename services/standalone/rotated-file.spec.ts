import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '#test/support/until.ts';
import { RotatedFile } from './rotated-file.ts';

const text = (path: string): Promise<string> => readFile(path, 'utf8');

describe('a file that is rotated', () => {
  let folder: string;
  let file: string;
  let problems: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cortex-rotated-'));
    file = join(folder, 'logs/gateway.log');
    problems = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = (bytesMax = 20): RotatedFile =>
    new RotatedFile(file, {
      bytesMax,
      reopenMs: 10,
      onProblem: (problem) => problems.push(problem),
    });

  it('is put aside when it is too large, and one such file is kept', async () => {
    const rotated = open();
    for (const line of ['first line', 'second line', 'third line', 'fourth line', 'fifth line']) {
      rotated.write(line);
      await until(`${line} to be written`, async () =>
        (await text(file).catch(() => '')).includes(line),
      );
    }
    await rotated.end();

    expect(await text(`${file}.1`)).toBe('third line\nfourth line\n');
    expect(await text(file)).toBe('fifth line\n');
    expect(await readdir(join(folder, 'logs'))).toHaveLength(2);
    expect(problems).toEqual([]);
  });

  it('goes on where it was left', async () => {
    const first = open();
    first.write('from a process that has ended');
    await first.end();
    const second = open();
    second.write('next');
    await second.end();

    expect(await text(`${file}.1`)).toBe('from a process that has ended\n');
    expect(await text(file)).toBe('next\n');
  });

  it('says that it cannot be written, and goes on', async () => {
    const rotated = open();
    await rm(join(folder, 'logs'), { recursive: true });
    for (const line of ['a line that is long enough', 'next', 'last']) rotated.write(line);
    await until('the problem', () => problems.length > 0);
    expect(problems[0]).toContain('gateway.log');
  });

  it('is opened again after it could not be written', async () => {
    await mkdir(file, { recursive: true }); // In its place, so that it cannot be opened.
    const rotated = open(1_000_000);
    rotated.write('lost');
    await until('the problem', () => problems.length > 0);
    await rmdir(file);
    await until('a line to be written', async () => {
      rotated.write('later');
      return (await text(file).catch(() => '')).includes('later');
    });
    await rotated.end();
  });
});
