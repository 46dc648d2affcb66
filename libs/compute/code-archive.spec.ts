import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { isOfSystem, unpackCode } from './code-archive.ts';

async function anArchive(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const cwd = import.meta.dirname;
  for await (const piece of create({ cwd, gzip: true }, ['code-archive.ts'])) {
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

const problemOf = (archive: Uint8Array, folder: string): Promise<unknown> =>
  unpackCode(archive, folder).then(
    () => null,
    (error: unknown) => error,
  );

describe('an archive that is not unpacked', () => {
  it('is to blame when it is none, or is cut off, and not for what the system lacks', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'code-archive-'));
    const archive = await anArchive();
    expect(await problemOf(archive, folder)).toBeNull();

    for (const bad of [Buffer.from('no archive'), archive.subarray(0, archive.length / 2)]) {
      const problem = await problemOf(bad, folder);
      expect(problem).toBeInstanceOf(Error);
      expect(isOfSystem(problem)).toBe(false);
    }
    const lacking = await problemOf(archive, '/dev/null/none');
    expect(lacking).toBeInstanceOf(Error);
    expect(isOfSystem(lacking)).toBe(true);
    await rm(folder, { recursive: true });
  });
});
