import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { create } from 'tar';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { CodeUnusable } from '../code-archive.ts';
import { CodeFolders } from './code-folders.ts';
import { removeOldFiles } from './old-files.ts';

describe('folders of handler code', () => {
  let root: string;
  let source: string;
  let blobs: InMemoryBlobStore;
  let folders: CodeFolders;

  const archive = async (paths: string[], prefix = ''): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    const made = create({ cwd: source, gzip: true, prefix, preservePaths: true }, paths);
    for await (const piece of made) pieces.push(piece);
    return Buffer.concat(pieces);
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cortex-code-'));
    source = await mkdtemp(join(tmpdir(), 'cortex-source-'));
    await writeFile(join(source, 'handler.py'), 'class Handler: pass\n');
    blobs = new InMemoryBlobStore();
    folders = new CodeFolders(root, blobs);
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
    await rm(source, { recursive: true });
  });

  it('unpacks an archive once, however many ask at a time', async () => {
    await blobs.put('code/1', await archive(['handler.py']));

    const [first, second] = await Promise.all([
      folders.folderOf('code/1'),
      folders.folderOf('code/1'),
    ]);
    await blobs.delete('code/1');
    const later = await folders.folderOf('code/1');

    expect([second, later]).toEqual([first, first]);
    expect(await readFile(join(first ?? '', 'handler.py'), 'utf8')).toBe('class Handler: pass\n');
    expect(await readdir(root)).toHaveLength(1);
  });

  it('refuses an archive that reaches outside its folder', async () => {
    await blobs.put('code/1', await archive(['handler.py'], '../outside'));

    await expect(folders.folderOf('code/1')).rejects.toThrow(CodeUnusable);

    expect(await readdir(root)).toEqual([]);
  });

  it.each([
    ['is none', Buffer.from('no archive')],
    ['is cut short', null],
  ])('refuses an archive that %s', async (_case, bytes) => {
    const whole = await archive(['handler.py']);
    await blobs.put('code/1', bytes ?? whole.subarray(0, whole.length / 2));

    await expect(folders.folderOf('code/1')).rejects.toThrow(CodeUnusable);

    expect(await readdir(root)).toEqual([]);
  });

  it('has all of the code, also when it was about to be removed', async () => {
    await blobs.put('code/1', await archive(['handler.py']));
    const retention = { ageMsMax: 60_000, logBytesMax: 0 };
    const nothing = { jobs: new Set<never>(), codeFolders: new Set<string>() };
    const data = join(root, 'data');
    const raced = new CodeFolders(join(data, 'code'), blobs);
    for (let round = 0; round < 200; round++) {
      await utimes(await raced.folderOf('code/1'), 0, 0);
      const removing = removeOldFiles(data, retention, nothing);
      for (let turn = 0; turn < round % 20; turn++) await setImmediate();
      const [folder] = await Promise.all([raced.folderOf('code/1'), removing]);
      expect({ round, names: await readdir(folder) }).toEqual({ round, names: ['handler.py'] });
    }
    expect(await readdir(join(data, 'code'))).toHaveLength(1);
  });

  it('says so when the archive is gone', async () => {
    await expect(folders.folderOf('code/1')).rejects.toThrow('there is no code archive code/1');
  });
});
