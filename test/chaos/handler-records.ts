import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the handlers of a job wrote down. */
export interface JobRecord {
  /** By batch index, the items of each call. */
  readonly itemsByBatch: ReadonlyMap<number, readonly (readonly number[])[]>;
  readonly lastCallAtMs: number;
  readonly hookBodies: readonly string[];
  /** Batches of other jobs that its handlers were called with. */
  readonly foreignBatchIds: readonly string[];
}

export const NO_RECORD: JobRecord = {
  itemsByBatch: new Map(),
  lastCallAtMs: 0,
  hookBodies: [],
  foreignBatchIds: [],
};

/** @returns by job id; a job none of whose handlers was called may be missing */
export function readRecords(folder: string): ReadonlyMap<string, JobRecord> {
  const lines = new Map<string, string[]>();
  for (const file of readdirSync(folder)) {
    const [jobId = '', pid] = file.split('.');
    if (pid === undefined) continue; // Not a record: a handler's note to its successor.
    const text = readFileSync(join(folder, file), 'utf8');
    lines.set(jobId, [...(lines.get(jobId) ?? []), ...text.split('\n').slice(0, -1)]);
  }
  return new Map([...lines].map(([jobId, all]) => [jobId, recordOf(all, jobId)]));
}

/** Lines as `chaos_handler.py` writes them. */
export function recordOf(lines: readonly string[], jobId: string): JobRecord {
  const itemsByBatch = new Map<number, (readonly number[])[]>();
  const hookBodies: string[] = [];
  const foreignBatchIds: string[] = [];
  let lastCallAtMs = 0;
  for (const line of lines) {
    const [what, id = '', atMs = '', ...rest] = line.split(' ');
    if (what === 'hook') hookBodies.push(rest.join(' '));
    if (what !== 'batch') continue;
    if (!id.startsWith(`${jobId}-`)) {
      foreignBatchIds.push(id);
      continue;
    }
    lastCallAtMs = Math.max(lastCallAtMs, Number(atMs));
    const index = Number(id.slice(id.lastIndexOf('-') + 1));
    const calls = itemsByBatch.get(index) ?? [];
    calls.push((rest[0] ?? '').split(',').map(Number));
    itemsByBatch.set(index, calls);
  }
  return { itemsByBatch, lastCallAtMs, hookBodies, foreignBatchIds };
}
