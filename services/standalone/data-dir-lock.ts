import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { commandLineOf } from './process-table.ts';
import { StartError } from './start-error.ts';

const lockContent = z.object({
  pid: z.number().int(),
  /** Part of the holder's command line, so that a pid given to another program frees the lock. */
  command: z.string(),
});

/**
 * Takes a data directory for this process alone; a lock whose holder died is taken over.
 *
 * @returns releases the lock
 * @throws StartError when a running installation holds it
 */
export function lockDataDir(dataDir: string, command = ownCommandLine()): () => void {
  const file = join(dataDir, 'lock');
  const content = JSON.stringify({ pid: process.pid, command });
  if (!tryCreate(file, content)) {
    removeDeadLock(file, dataDir);
    if (!tryCreate(file, content)) throw heldBy(dataDir, readOrNull(file));
  }
  return () => {
    if (readOrNull(file) === content) rmSync(file, { force: true });
  };
}

/** As others see it: `process.argv` has absolute paths where the command line may have none. */
const ownCommandLine = (): string => commandLineOf(process.pid) ?? '';

/** Whole content or nothing: a link, unlike a write, cannot be seen half done. */
function tryCreate(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Renames before it deletes: another process that does the same at this moment finds nothing to rename. */
function removeDeadLock(file: string, dataDir: string): void {
  const seen = readOrNull(file);
  if (seen !== null && isHeld(seen)) throw heldBy(dataDir, seen);
  const aside = `${file}.dead.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  const moved = readOrNull(aside);
  if (moved !== null && isHeld(moved)) linkSync(aside, file); // Taken between the look and the rename.
  rmSync(aside, { force: true });
}

function isHeld(content: string): boolean {
  const holder = parse(content);
  return holder !== null && (commandLineOf(holder.pid)?.includes(holder.command) ?? false);
}

function heldBy(dataDir: string, content: string | null): StartError {
  const holder = content === null ? null : parse(content);
  return new StartError(
    `Another installation${holder === null ? '' : ` (process ${holder.pid})`} uses the data directory ${dataDir}.\n` +
      'Stop it, or give this one its own: CORTEX_DATA_DIR, PORT, NATS_PORT and AWS_PORT must all differ, for example\n' +
      '  CORTEX_DATA_DIR=.cortex-2 PORT=8889 NATS_PORT=4223 AWS_PORT=4567 npm start',
  );
}

function parse(content: string): z.infer<typeof lockContent> | null {
  try {
    return lockContent.parse(JSON.parse(content));
  } catch {
    return null; // Not written by us; nobody holds it.
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null; // Released meanwhile.
  }
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
