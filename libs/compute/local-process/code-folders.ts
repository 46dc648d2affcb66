import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import { CodeUnusable, unpackCode } from '../code-archive.ts';

/** Folders of unpacked handler code, one per archive, shared by all jobs that use it. */
export class CodeFolders {
  private readonly unpacking = new Map<string, Promise<string>>();

  constructor(
    private readonly root: string,
    private readonly blobs: BlobStore,
  ) {}

  /**
   * The folder with the code of `codeKey`, unpacked once.
   *
   * @throws CodeUnusable when there is no such archive, or it is broken or reaches outside its folder
   * @throws BlobStoreUnavailable when asking again may help
   */
  folderOf(codeKey: string): Promise<string> {
    const folder = join(this.root, createHash('sha256').update(codeKey).digest('hex').slice(0, 32));
    let unpacked = this.unpacking.get(folder);
    if (unpacked === undefined) {
      unpacked = this.ensure(folder, codeKey).finally(() => this.unpacking.delete(folder));
      this.unpacking.set(folder, unpacked);
    }
    return unpacked;
  }

  private async ensure(folder: string, codeKey: string): Promise<string> {
    if (await isTouched(folder)) return folder; // It is removed by when it was last asked for.
    const archive = await this.blobs.get(codeKey);
    if (archive === null) throw new CodeUnusable(`there is no code archive ${codeKey}`);
    const unfinished = `${folder}.${randomUUID()}`;
    try {
      await mkdir(unfinished, { recursive: true });
      await unpackCode(archive, unfinished);
      await rename(unfinished, folder); // Whoever sees the folder sees all of it.
    } catch (error) {
      if (await isTouched(folder)) return folder; // Another process was faster.
      const problem = error instanceof Error ? error.message : String(error);
      throw new CodeUnusable(`cannot unpack code archive ${codeKey}: ${problem}`, { cause: error });
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    return folder;
  }
}

/** @returns whether there is such a folder; as of now it is a new one */
const isTouched = (folder: string): Promise<boolean> => {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
};
