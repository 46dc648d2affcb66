import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { FileRetention } from '../file-retention.ts';

/** What is in use, whatever its age. */
export interface FilesInUse {
  readonly jobs: ReadonlySet<JobId>;
  /** Folders of unpacked code. */
  readonly codeFolders: ReadonlySet<string>;
}

interface OldFolder {
  readonly path: string;
  readonly bytes: number;
  readonly changedMs: number;
}

/**
 * Removes logs of jobs that ended long ago, the oldest also when all logs together are too large, and
 * unpacked code that no job has asked for in as long.
 *
 * @param nowMs by the clock of the file system
 */
export async function removeOldFiles(
  dataDir: string,
  { ageMsMax, logBytesMax }: FileRetention,
  { jobs, codeFolders }: FilesInUse,
  nowMs = Date.now(),
): Promise<void> {
  const isOld = ({ changedMs }: OldFolder): boolean => nowMs - changedMs > ageMsMax;
  const isOfUnusedJob = (id: string): boolean => !(jobs as ReadonlySet<string>).has(id);

  const apis = await foldersIn(join(dataDir, 'logs'));
  const logs = await oldFoldersOf(apis, isOfUnusedJob);
  let logBytes = logs.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const log of logs.sort((one, other) => one.changedMs - other.changedMs)) {
    if (!isOld(log) && logBytes <= logBytesMax) break;
    await remove(log);
    logBytes -= log.bytes;
  }

  const code = await foldersIn(join(dataDir, 'code'));
  const unused = code.filter((path) => !codeFolders.has(path));
  for (const path of unused) {
    const isStillOld = async (at: string): Promise<boolean> => {
      const { mtimeMs: changedMs } = await stat(at);
      return isOld({ path: at, bytes: 0, changedMs });
    };
    if (await isStillOld(path)) await removeUnlessAskedFor(path, isStillOld);
  }
}

/** Under another name nobody is given it while it goes; whoever was given it just before keeps it. */
async function removeUnlessAskedFor(
  path: string,
  isStillOld: (at: string) => Promise<boolean>,
): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside);
  // When it has been unpacked anew meanwhile, the new one stays.
  if (!(await isStillOld(aside)) && (await isRenamed(aside, path))) return;
  await rm(aside, { recursive: true, force: true });
}

const isRenamed = (from: string, to: string): Promise<boolean> =>
  rename(from, to).then(
    () => true,
    () => false,
  );

/** Folders of jobs in these folders, with what is in them. */
async function oldFoldersOf(
  parents: readonly string[],
  isWanted: (name: string) => boolean,
): Promise<OldFolder[]> {
  const found: OldFolder[] = [];
  for (const parent of parents) {
    for (const { name } of (await entriesOf(parent)).filter((entry) => entry.isDirectory())) {
      if (isWanted(name)) found.push(await measured(join(parent, name)));
    }
  }
  return found;
}

async function measured(path: string): Promise<OldFolder> {
  let bytes = 0;
  let changedMs = (await stat(path)).mtimeMs;
  for (const { name } of await entriesOf(path)) {
    const { size, mtimeMs } = await stat(join(path, name));
    bytes += size;
    changedMs = Math.max(changedMs, mtimeMs);
  }
  return { path, bytes, changedMs };
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await entriesOf(path);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}

/** None when there is no such folder. */
const entriesOf = (path: string): Promise<Dirent[]> =>
  readdir(path, { withFileTypes: true }).catch(() => []);

const remove = ({ path }: OldFolder): Promise<void> => rm(path, { recursive: true, force: true });
