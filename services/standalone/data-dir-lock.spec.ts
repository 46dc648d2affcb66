import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockDataDir } from './data-dir-lock.ts';
import { StartError } from './start-error.ts';

/** Part of this process's own command line, as a running installation's would be of its own. */
const COMMAND = 'jest';
/** Above the largest pid that Linux gives out. */
const NO_SUCH_PID = 4_194_305;

describe('the lock of a data directory', () => {
  let dataDir: string;
  const file = (): string => join(dataDir, 'lock');
  const heldBy = (pid: number, command: string): void =>
    writeFileSync(file(), JSON.stringify({ pid, command }));

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'cortex-lock-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  it('is refused while a running process holds it, and free again once released', () => {
    const release = lockDataDir(dataDir, COMMAND);
    expect(() => lockDataDir(dataDir, COMMAND)).toThrow(StartError);
    release();
    lockDataDir(dataDir, COMMAND)();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is held by a process that was started with relative paths, as ours is', () => {
    const release = lockDataDir(dataDir);
    expect(() => lockDataDir(dataDir)).toThrow(StartError);
    release();
  });

  it.each([
    ['whose holder is dead', () => heldBy(NO_SUCH_PID, COMMAND)],
    ['whose pid has become another program', () => heldBy(process.pid, 'no-part-of-any-command')],
    ['that says nothing', () => writeFileSync(file(), '')],
  ])('is taken over from one %s', (_, leave) => {
    leave();
    const release = lockDataDir(dataDir, COMMAND);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({
      pid: process.pid,
      command: COMMAND,
    });
    release();
    expect(existsSync(file())).toBe(false);
  });

  it('is not released by one who has lost it', () => {
    const release = lockDataDir(dataDir, COMMAND);
    heldBy(process.pid, 'another');
    release();
    expect(existsSync(file())).toBe(true);
  });
});
