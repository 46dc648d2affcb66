import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Film, FilmSummary } from '../../examples/vega-summary/film-summary.ts';
import FilmHandler from '../../examples/vega-summary/handler.ts';

const MAKE_JOB = fileURLToPath(
  new URL('../../examples/vega-summary/make-job.mjs', import.meta.url),
);
const JOB_ID = '69b183ed6bdf3e9b';

interface Job {
  readonly workers: number;
  readonly item_list: { readonly items: readonly Film[]; readonly batch_size: number };
  readonly config: { readonly output_dir: string };
}

let folder = '';
let job: Job;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cortex-example-'));
  job = JSON.parse(
    execFileSync(process.execPath, [MAKE_JOB, '--output-dir', folder], {
      encoding: 'utf8',
      maxBuffer: 10 * 1024 * 1024,
    }),
  ) as Job;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const newWorker = (): FilmHandler => new FilmHandler(job.config, { job_id: JOB_ID });

const batches = (): (readonly Film[])[] => {
  const { items, batch_size: size } = job.item_list;
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
};

const readSummary = (): Promise<string> => readFile(join(folder, JOB_ID, 'summary.json'), 'utf8');

describe('the film example', () => {
  it('has at least 3,000 items for four workers', () => {
    expect(job.workers).toBe(4);
    expect(job.item_list.items.length).toBeGreaterThanOrEqual(3000);
  });

  it('counts every film once, though all batches are handled twice and in another order', async () => {
    const once = newWorker();
    for (const [index, films] of batches().entries()) {
      await once.handleBatch(films, `${JOB_ID}-${index}`);
    }
    once.onJobComplete();
    const expected = await readSummary();

    const again = newWorker();
    for (const [index, films] of [...batches().entries()].toReversed()) {
      await again.handleBatch(films, `${JOB_ID}-${index}`);
    }
    again.onJobComplete();

    expect(await readSummary()).toBe(expected);
    const summary = JSON.parse(expected) as FilmSummary;
    expect(summary.all.filmCount).toBe(job.item_list.items.length);
    expect(summary.hits[0]?.title).toBe('Avatar');
    expect(await readdir(join(folder, JOB_ID, 'parts'))).toHaveLength(batches().length);
  });
});
