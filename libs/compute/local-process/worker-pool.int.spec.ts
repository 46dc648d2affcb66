import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WorkerPool } from './worker-pool.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Waits for its parent to end it. */
const command = [process.execPath, '-e', "process.on('message', () => {})"];

describe('WorkerPool', () => {
  let pool: WorkerPool;
  let taken: WorkerProcess[];
  beforeEach(() => {
    taken = [];
    pool = new WorkerPool({ program: { command, env: {} }, warmCount: 1, freeSlots: () => 1 });
  });
  afterEach(async () => {
    for (const worker of taken) worker.kill();
    await Promise.all([pool.close(), ...taken.map(({ exited }) => exited)]);
  });
  const take = (): WorkerProcess => {
    const worker = pool.take();
    taken.push(worker);
    return worker;
  };

  it('gives out again what was given back', async () => {
    const worker = take();
    await pool.giveBack(worker);
    expect(take()).toBe(worker);
  });

  it('takes back nothing that was killed meanwhile', async () => {
    const worker = take();
    worker.kill(); // Its end is not known yet, and what it said last may still come.
    expect(worker.isUsable).toBe(false);
    await pool.giveBack(worker);
    expect(take()).not.toBe(worker);
  });

  it('gives out nothing that was killed while it waited', async () => {
    const worker = take();
    await pool.giveBack(worker);
    worker.kill();
    expect(take()).not.toBe(worker);
  });
});
