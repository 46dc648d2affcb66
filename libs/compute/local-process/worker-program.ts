import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Runners } from '../runners.ts';

/** Where a worker and its runners are, as commands. */
export interface WorkerProgram {
  readonly command: readonly string[];
  readonly runners: Runners;
}

/**
 * The worker and the runners that stand next to a service: bundled when the service is built, and
 * straight from the TypeScript sources otherwise, which Node can run with two flags.
 *
 * @param services folder of the services, as a URL with a trailing slash
 * @param python program that runs Python handlers
 */
export function workerProgramIn(services: URL, python = 'python3'): WorkerProgram {
  const fileIn = (path: string): string => fileURLToPath(new URL(path, services));
  const bundledWorker = fileIn('../bundles/worker/main.js');
  const isBuilt = existsSync(fileIn('worker/main.js'));
  // The compiler copies no Python: it stays where the sources are, beside the folder of the build.
  const pythonRunner = 'worker/runners/python/cortex_runner.py';
  const pythonFile = isBuilt ? fileIn(`../../services/${pythonRunner}`) : fileIn(pythonRunner);
  return {
    command: isBuilt
      ? [process.execPath, '--max-semi-space-size=4', bundledWorker]
      : [
          process.execPath,
          '--conditions=source',
          '--experimental-transform-types',
          '--disable-warning=ExperimentalWarning',
          fileIn('worker/main.ts'),
        ],
    runners: {
      python: [python, '-u', pythonFile],
      node: [
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        fileIn(`worker/runners/node/cortex-runner.${isBuilt ? 'js' : 'ts'}`),
      ],
    },
  };
}
