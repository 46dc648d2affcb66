import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild, isBuilt } from './setup/build.mjs';
import { ensureDependencies } from './setup/dependencies.mjs';
import { ensureNatsServer } from './setup/nats-server.mjs';
import { say, SetupError } from './setup/say.mjs';

/**
 * Makes a fresh checkout ready to run: dependencies, build, nats-server. It needs only Node 20 and
 * npm, does nothing that is done already, and says what it does. With `--is-built` it only answers, by its
 * exit code, whether dist/ is current; with `--build-only` it builds and leaves the rest, as an image needs it.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  if (process.argv.includes('--is-built')) {
    process.exitCode = isBuilt(root) ? 0 : 1;
  } else if (process.argv.includes('--build-only')) {
    await ensureBuild(root);
  } else {
    await ensureDependencies(root);
    await ensureBuild(root);
    await ensureNatsServer(root, process.env);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(`\nSetup failed. ${error.message}`);
  process.exitCode = 1;
}
