import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

let isBuilt = false;

/** Tests that start the real processes run what is in dist/. @throws Error when that is stale */
export function assertBuilt(): void {
  if (isBuilt) return; // It takes a process to find out.
  try {
    execFileSync(process.execPath, [join(root, 'scripts/setup.mjs'), '--is-built']);
    isBuilt = true;
  } catch (error) {
    throw new Error('dist/ is older than the sources; run: npm run setup', { cause: error });
  }
}
