import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './source-files.ts';

export interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

/** Runs dependency-cruiser with the project's rules over libs/, services/ and test/ of a folder. */
export async function cruise(folder: string): Promise<readonly Violation[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      join(root, '.dependency-cruiser.cjs'),
      '--output-type',
      'json',
      'libs',
      'services',
      'test',
    ],
    { cwd: folder, maxBuffer: OUTPUT_BYTES_MAX },
  );
  const { summary } = JSON.parse(stdout) as { summary: { violations: Violation[] } };
  return summary.violations;
}
