import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addDelays, type Delays, delaysOf, delaysText, type Flight } from './delays.ts';

interface Config {
  /** Folder that all workers can write to. Everything goes into a folder of the job's own in it. */
  readonly output_dir?: string;
}

/**
 * Adds flights up. The rows come from files in S3, but it does not see that: a payload is a list of
 * the objects that were on the lines.
 */
export default class FlightHandler {
  private readonly folder: string;

  constructor(config: Config, jobSpec: { readonly job_id: string }) {
    if (config.output_dir === undefined) throw new Error('config.output_dir must be given');
    this.folder = join(config.output_dir, jobSpec.job_id);
    mkdirSync(join(this.folder, 'parts'), { recursive: true });
  }

  /** A batch that is handled twice writes the same file twice. */
  handleBatch(flights: readonly Flight[], batchId: string): void {
    writeWhole(join(this.folder, 'parts', `${batchId}.json`), JSON.stringify(delaysOf(flights)));
  }

  onJobComplete(): void {
    const parts = readdirSync(join(this.folder, 'parts')).filter((name) => name.endsWith('.json'));
    const delays = parts
      .map((name): Delays => JSON.parse(readFileSync(join(this.folder, 'parts', name), 'utf8')))
      .reduce(addDelays, {});
    writeWhole(join(this.folder, 'result.json'), `${JSON.stringify(delays, null, 2)}\n`);
    writeWhole(join(this.folder, 'result.txt'), `${delaysText(delays)}\n`);
    console.log(delaysText(delays));
  }
}

/** Nobody ever sees half a file, even when this process is killed here. */
function writeWhole(file: string, content: string): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}
