import { join } from 'node:path';
import { runStandalone, untilInterrupted } from '../run-standalone.ts';
import { runDemo } from './run-demo.ts';

const HELP = `npm run demo: starts the platform and runs a job of each kind: items in the request, rows of files in
S3, and paths of files in S3. It prints the status document and the result of each, and stops. The exit
code is 0 when all of them succeeded and the results are right.

  --keep   stays up afterwards, until Ctrl-C:  npm run demo -- --keep

The environment variables of npm start apply (npm start -- --help), but for one: S3 is always that of
this machine, whatever AWS is configured.
`;

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(HELP);
} else {
  const root = join(import.meta.dirname, '../../../..');
  const servicesDir = join(import.meta.dirname, '../..');
  const env = { ...process.env, CORTEX_AWS: 'embedded' };
  process.exitCode = await runStandalone({
    env,
    root,
    servicesDir,
    use: async (config, interrupt) => {
      const exitCode = await runDemo({ config, root, servicesDir, env });
      if (process.argv.includes('--keep')) {
        process.stderr.write('Staying up; Ctrl-C stops everything.\n');
        await untilInterrupted(interrupt);
      }
      return exitCode;
    },
  });
}
