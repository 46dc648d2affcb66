import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { CommandFailed } from '../cli.ts';

const IGNORE_FILE = '.cortexignore';
/** What is installed, kept or compiled on the spot, and would only make the archive large. */
const IGNORED_BY_DEFAULT = ['node_modules/', '.git/', '.cortex/', '__pycache__/'];
/** Handlers have a handful; far more means that the wrong folder was meant. */
const FILES_MAX = 10_000;

/**
 * Files of `folder` that are sent with a deployment, relative to it, with `/`, in the order of their
 * code units. `.cortexignore` is respected; `!node_modules/` in it brings a default back.
 *
 * @param leftOut names of files in the folder itself that are not code
 * @throws CommandFailed when there are more than 10,000, or one cannot be sent
 */
export async function listCodeFiles(
  folder: string,
  { leftOut }: { readonly leftOut: readonly string[] },
): Promise<string[]> {
  const rules = ignore()
    .add(IGNORED_BY_DEFAULT)
    .add(await readIgnoreFile(folder));
  const skipped = new Set([IGNORE_FILE, ...leftOut]);
  const files: string[] = [];
  for await (const file of walk(folder, '', rules)) {
    if (skipped.has(file)) continue;
    files.push(file);
    if (files.length > FILES_MAX) {
      throw new CommandFailed(
        `${folder} has more than ${FILES_MAX} files; list what handlers do not need in ` +
          `${IGNORE_FILE}, or deploy with --no-code`,
      );
    }
  }
  return files.sort();
}

async function readIgnoreFile(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, IGNORE_FILE), 'utf8');
  } catch {
    return ''; // There is none.
  }
}

async function* walk(folder: string, parent: string, rules: Ignore): AsyncGenerator<string> {
  for (const entry of await readdir(join(folder, parent), { withFileTypes: true })) {
    const path = `${parent}${entry.name}`;
    if (rules.ignores(entry.isDirectory() ? `${path}/` : path)) continue;
    if (entry.isDirectory()) yield* walk(folder, `${path}/`, rules);
    else if (await isSendable(folder, path, entry)) yield path;
  }
}

/** Links to files are sent as the files; sockets, pipes and devices are no code. */
async function isSendable(folder: string, path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile();
  const target = await stat(join(folder, path)).catch(() => null);
  if (target?.isFile()) return true;
  throw new CommandFailed(
    `${path} in ${folder} is a link to ${target === null ? 'nothing' : 'a folder'}, which cannot ` +
      `be sent; list it in ${IGNORE_FILE}`,
  );
}
