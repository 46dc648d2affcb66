import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/*
 * Writes a job over 3,201 films to standard output.
 *
 *   node make-job.mjs [--output-dir DIR] [--workers N] [--batch-size N] [--pause-ms N]
 */

const { values } = parseArgs({
  options: {
    'output-dir': { type: 'string', default: '.cortex/vega-summary' },
    workers: { type: 'string', default: '4' },
    'batch-size': { type: 'string', default: '20' },
    'pause-ms': { type: 'string', default: '0' },
  },
});

// The package exports its code only; its data lies beside it.
const movies = new URL('../data/movies.json', import.meta.resolve('vega-datasets'));

const job = {
  workers: Number(values.workers),
  item_list: {
    items: JSON.parse(readFileSync(movies, 'utf8')),
    batch_size: Number(values['batch-size']),
  },
  config: {
    // Workers run elsewhere, so the path has to be absolute.
    output_dir: resolve(values['output-dir']),
    pause_ms: Number(values['pause-ms']),
  },
};

process.stdout.write(JSON.stringify(job));
