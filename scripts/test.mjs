import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from './jest-command.mjs';
import { runProgram, runSteps } from './run-steps.mjs';
import { say } from './setup/say.mjs';
import { STATIC_STEPS } from './static-steps.mjs';

/**
 * `npm test`: the static checks, then every spec. With arguments, which are Jest's, only those specs:
 * `npm test -- libs/domain`. The last line is `N passed, N failed`, for programs that count.
 */
const PHASES = [
  // Specs wait for other processes for half of their time, so three at a time keep two cores busy.
  ['--selectProjects', 'unit', 'int', 'e2e', '--maxWorkers=3'],
  // By themselves: they take every core, and specs that run beside them would measure that.
  ['--selectProjects', 'chaos', '--maxWorkers=2'],
];
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);

const failed = args.length === 0 ? await runSteps(root, STATIC_STEPS) : [];
const phases = args.length === 0 ? PHASES : [args];
const counts = { passed: 0, failed: 0, isGood: true };
for (const phase of phases) {
  const { passed, failed: failedCount, isGood } = await runSpecs(phase);
  counts.passed += passed;
  counts.failed += failedCount;
  counts.isGood &&= isGood;
}
if (failed.length > 0) say(`\nFailed before the specs: ${failed.join(', ')}`);
process.stdout.write(`\n${counts.passed} passed, ${counts.failed + failed.length} failed\n`);
process.exitCode = counts.isGood && failed.length === 0 ? 0 : 1;

async function runSpecs(jestArgs) {
  const resultsFile = join(root, '.cache', `jest-results-${process.pid}.json`);
  const reporting = ['--json', `--outputFile=${resultsFile}`];
  const code = await runProgram(root, jest(...jestArgs, ...reporting), natsServer());
  // Without a results file Jest itself failed, by a bad argument say.
  if (!existsSync(resultsFile)) return { passed: 0, failed: 1, isGood: false };
  const results = JSON.parse(readFileSync(resultsFile, 'utf8'));
  rmSync(resultsFile);
  const brokenFiles = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + brokenFiles.length,
    isGood: code === 0,
  };
}

/** The binary that setup found, for specs that start a server. */
function natsServer() {
  const pathFile = join(root, '.cache', 'nats-server-path');
  if (process.env.NATS_SERVER || !existsSync(pathFile)) return {};
  return { NATS_SERVER: readFileSync(pathFile, 'utf8').trim() };
}
