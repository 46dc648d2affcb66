import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/*
 * Copies real images, and some files that are none, out of installed packages to DIR/input/, and
 * writes a job over the images to standard output. Put the files where the job looks for them:
 *
 *   node make-job.mjs [--output-dir DIR] [--s3 s3://BUCKET/PREFIX/] > job.json
 *   cortex upload -r DIR/input s3://BUCKET/PREFIX/
 */

const FILES = [
  'vega-datasets/data/7zip.png',
  'vega-datasets/data/ffox.png',
  'vega-datasets/data/gimp.png',
  'vega-datasets/data/cars.json',
  '@jest/reporters/assets/jest_logo.png',
  'istanbul-reports/lib/html/assets/favicon.png',
  'istanbul-reports/lib/html/assets/sort-arrow-sprite.png',
  'istanbul-reports/lib/html/assets/base.css',
  'pino/favicon.ico',
];

const { values } = parseArgs({
  options: {
    'output-dir': { type: 'string', default: '.cortex/image-sizes' },
    s3: { type: 'string', default: 's3://cortex-demo/images/' },
    workers: { type: 'string', default: '2' },
    'batch-size': { type: 'string', default: '2' },
  },
});

const packages = new URL('../../node_modules/', import.meta.url);
for (const file of FILES) {
  const source = new URL(file, packages);
  if (!existsSync(source)) continue; // That package has moved its files.
  const target = join(values['output-dir'], 'input', file);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
}

const job = {
  workers: Number(values.workers),
  file_path_lister: {
    s3_paths: [values.s3],
    includes: ['**.{png,jpg,jpeg,gif}'],
    batch_size: Number(values['batch-size']),
  },
  // Workers run elsewhere, so the path has to be absolute.
  config: { output_dir: resolve(values['output-dir']) },
};

process.stdout.write(JSON.stringify(job));
