import { afterEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { MemoryWatch } from './memory-watch.ts';
import { killGroup } from './probe.ts';
import { processesOfSession } from './session-memory.ts';

const LIMIT_BYTES = 100 * 2 ** 20;

describe('watching memory', () => {
  let child: ChildProcess | null = null;
  let watch: MemoryWatch | null = null;
  afterEach(() => {
    watch?.close();
    if (child?.pid !== undefined) killGroup(child.pid);
  });

  it('names those who are there when the limit is exceeded, not those of the last search', async () => {
    // Starts another process, and takes the memory, between two searches.
    const script = `
      const { spawn } = require('node:child_process');
      setTimeout(() => {
        spawn('sleep', ['600']);
        globalThis.kept = Buffer.alloc(${2 * LIMIT_BYTES}, 1);
      }, 600);`;
    child = spawn(process.execPath, ['-e', script], { detached: true, stdio: 'ignore' });
    const pid = child.pid ?? 0;
    const named = await new Promise<readonly number[]>((resolve) => {
      watch = new MemoryWatch({
        pid,
        limitBytes: LIMIT_BYTES,
        onExceeded: (_, pids) => resolve(pids),
      });
    });
    expect(named).toEqual(processesOfSession(pid));
    expect(named).toHaveLength(2);
  });
});
