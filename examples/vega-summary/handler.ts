import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  emptySummary,
  type Film,
  type FilmSummary,
  mergeSummaries,
  summarise,
} from './film-summary.ts';
import { summaryText } from './summary-text.ts';

interface Config {
  /** Folder that all workers can write to. Everything goes into a folder of the job's own in it. */
  readonly output_dir?: string;
  /** Makes every batch take longer, to have something to watch. */
  readonly pause_ms?: number;
}

/**
 * Adds films up: each batch by itself as it comes, all of them at the end.
 *
 * A batch may be handled twice, for example when its worker was killed before it could say that the
 * batch was done. So its part is a file named after the batch: handled again, it is written again.
 */
export default class FilmHandler {
  private readonly folder: string;
  private readonly pauseMs: number;

  constructor(config: Config, jobSpec: { readonly job_id: string }) {
    if (config.output_dir === undefined) throw new Error('config.output_dir must be given');
    this.folder = join(config.output_dir, jobSpec.job_id);
    this.pauseMs = config.pause_ms ?? 0;
    mkdirSync(join(this.folder, 'parts'), { recursive: true });
  }

  async handleBatch(films: readonly Film[], batchId: string): Promise<void> {
    await delay(this.pauseMs);
    writeWhole(join(this.folder, 'parts', `${batchId}.json`), summarise(films));
    console.log(`${batchId}: ${films.length} films`);
  }

  /** Called once every batch is settled; a second call writes the same again. */
  onJobComplete(): void {
    const parts = readdirSync(join(this.folder, 'parts')).filter((name) => name.endsWith('.json'));
    // In one order, or sums of fractions would differ in their last digit from run to run.
    const summary = parts
      .toSorted()
      .map((name): FilmSummary =>
        JSON.parse(readFileSync(join(this.folder, 'parts', name), 'utf8')),
      )
      .reduce(mergeSummaries, emptySummary);
    const text = summaryText(summary);
    writeWhole(join(this.folder, 'summary.json'), summary);
    writeFileSync(join(this.folder, 'summary.txt'), `${text}\n`);
    console.log(`${parts.length} parts\n\n${text}`);
  }
}

/** Nobody ever sees half a file, even when this process is killed here. */
function writeWhole(file: string, content: unknown): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(unfinished, file);
}
