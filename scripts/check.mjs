import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from './jest-command.mjs';
import { runSteps } from './run-steps.mjs';
import { say } from './setup/say.mjs';
import { STATIC_STEPS } from './static-steps.mjs';

/** `npm run check`: everything that can be said about the code without running it. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const failed = await runSteps(root, { ...STATIC_STEPS, 'house rules': jest('test/architecture') });
if (failed.length > 0) say(`\nFailed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
