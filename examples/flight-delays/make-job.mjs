import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

/*
 * Writes 200,000 flights as newline delimited JSON to DIR/input/, four files of which one is packed,
 * and the job over them to standard output. Put the files where the job looks for them:
 *
 *   node make-job.mjs [--output-dir DIR] [--s3 s3://BUCKET/PREFIX/] [--batch-size N] > job.json
 *   cortex upload -r DIR/input s3://BUCKET/PREFIX/
 */

const FILES = 4;

const { values } = parseArgs({
  options: {
    'output-dir': { type: 'string', default: '.cortex/flight-delays' },
    s3: { type: 'string', default: 's3://cortex-demo/flights/' },
    workers: { type: 'string', default: '4' },
    'batch-size': { type: 'string', default: '1000' },
  },
});

// The package exports its code only; its data lies beside it.
const source = new URL('../data/flights-200k.json', import.meta.resolve('vega-datasets'));
const flights = JSON.parse(readFileSync(source, 'utf8'));

const folder = join(values['output-dir'], 'input');
mkdirSync(folder, { recursive: true });
const perFile = Math.ceil(flights.length / FILES);
for (let index = 0; index < FILES; index++) {
  const rows = flights.slice(index * perFile, (index + 1) * perFile);
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const isPacked = index === FILES - 1;
  const name = `flights-${index + 1}.ndjson${isPacked ? '.gz' : ''}`;
  writeFileSync(join(folder, name), isPacked ? gzipSync(lines) : lines);
}
writeFileSync(join(folder, 'about.txt'), `${flights.length} flights in ${FILES} files\n`);

const job = {
  workers: Number(values.workers),
  delimited_files: {
    s3_paths: [values.s3],
    includes: ['**.ndjson', '**.ndjson.gz'],
    batch_size: Number(values['batch-size']),
  },
  // Workers run elsewhere, so the path has to be absolute.
  config: { output_dir: resolve(values['output-dir']) },
};

process.stdout.write(JSON.stringify(job));
