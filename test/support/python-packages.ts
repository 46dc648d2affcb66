import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '../../.cache');
const INSTALL_MS_MAX = 120_000;

/**
 * Folder with the packages of `requirements.txt` in `folder`, for `PYTHONPATH`. They are installed once
 * into .cache, and again when the list changes.
 *
 * @throws Error that says what the machine lacks
 */
export function pythonPackages(folder: string): string {
  const requirements = join(folder, 'requirements.txt');
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 8);
  const target = join(cache, `python-${digest}`);
  if (existsSync(target)) return target;

  // Beside it first: another process may install at the same time, or this one may be killed.
  const unfinished = mkdtempSync(join(cache, 'python-'));
  const options = ['--quiet', '--disable-pip-version-check', '--target', unfinished];
  const { status, error, stderr } = spawnSync(
    'python3',
    ['-m', 'pip', 'install', ...options, '-r', requirements],
    { encoding: 'utf8', timeout: INSTALL_MS_MAX },
  );
  if (status !== 0) {
    rmSync(unfinished, { recursive: true });
    throw new Error(
      `cannot install ${requirements}; this needs python3 with pip (apt-get install python3-pip) and a ` +
        `Python package index: ${error?.message ?? stderr}`,
    );
  }
  if (existsSync(target)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, target);
  return target;
}
