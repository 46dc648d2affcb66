import { createHash, randomFillSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { list } from 'tar';
import { archiveCode, formatSize } from './code-archive.ts';
import { listCodeFiles } from './code-files.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (path: string, content: string | Uint8Array = ''): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};
const files = (): Promise<string[]> => listCodeFiles(folder, { leftOut: ['cortex.yaml'] });
const sha256 = async (): Promise<string> =>
  createHash('sha256')
    .update(await archiveCode(folder, await files()))
    .digest('hex');

describe('what is sent of a folder', () => {
  it('is its files in a fixed order, without the configuration and what is installed', async () => {
    for (const path of ['b.py', 'a/z.py', 'B.py', 'cortex.yaml', '.env', 'a/cortex.yaml']) {
      await write(path);
    }
    for (const path of ['node_modules/x.js', 'a/node_modules/x.js', '.git/HEAD', '.cortex/log']) {
      await write(path);
    }
    expect(await files()).toEqual(['.env', 'B.py', 'a/cortex.yaml', 'a/z.py', 'b.py']);
  });

  it('respects .cortexignore, which may also bring a default back', async () => {
    await write('.cortexignore', '*.log\n/data/\n!node_modules/\n');
    for (const path of ['x.log', 'data/big.bin', 'sub/data/small.bin', 'node_modules/x.js']) {
      await write(path);
    }
    expect(await files()).toEqual(['node_modules/x.js', 'sub/data/small.bin']);
  });

  it('has links to files as files', async () => {
    await write('real.py', 'x = 1\n');
    await symlink('real.py', join(folder, 'link.py'));
    const entries: string[] = [];
    const archive = await archiveCode(folder, await files());
    await pipeline(
      Readable.from([archive]),
      list({ onReadEntry: (entry) => entries.push(`${entry.type} ${entry.path} ${entry.size}`) }),
    );
    expect(entries).toEqual(['File link.py 6', 'File real.py 6']);
  });

  it.each([
    ['nothing', 'absent'],
    ['a folder', '.'],
  ])('cannot have a link to %s', async (what, target) => {
    await symlink(target, join(folder, 'link'));
    await expect(files()).rejects.toThrow(`is a link to ${what}, which cannot be sent`);
  });
});

describe('an archive', () => {
  it('is the same for the same content, whenever and by whomever it was written', async () => {
    await write('handler.py', 'x = 1\n');
    await write('lib/data.json', '{}');
    const before = await sha256();
    await utimes(join(folder, 'handler.py'), 1, 1);
    await chmod(join(folder, 'handler.py'), 0o664);
    await rm(join(folder, 'lib'), { recursive: true });
    await write('lib/data.json', '{}');
    expect(await sha256()).toBe(before);
  });

  it('differs when a file, a name or the right to execute differs', async () => {
    await write('handler.py', 'x = 1\n');
    const hashes = new Set([await sha256()]);
    await chmod(join(folder, 'handler.py'), 0o755);
    hashes.add(await sha256());
    await write('handler.py', 'x = 2\n');
    hashes.add(await sha256());
    await write('empty.py');
    hashes.add(await sha256());
    expect(hashes.size).toBe(4);
  });

  it('takes names that mean something to tar, and long ones', async () => {
    const long = `${'deep/'.repeat(30)}${'n'.repeat(120)}.py`;
    await write('@handler.py');
    await write(long);
    const names: string[] = [];
    const archive = await archiveCode(folder, await files());
    await pipeline(
      Readable.from([archive]),
      list({ onReadEntry: (entry) => names.push(entry.path) }),
    );
    expect(names).toEqual(['@handler.py', long]);
  });

  it('is refused above 32 MiB', async () => {
    await write('noise.bin', randomFillSync(new Uint8Array(33 * 1024 * 1024)));
    await expect(archiveCode(folder, ['noise.bin'])).rejects.toThrow('is over 32 MiB when packed');
  });
});

describe('a size', () => {
  it.each([
    [812, '812 B'],
    [1229, '1.2 KiB'],
    [33_554_432, '32 MiB'],
  ])('of %d bytes reads %s', (sizeBytes, text) => {
    expect(formatSize(sizeBytes)).toBe(text);
  });
});
