import { join } from 'node:path';
import { runStandalone, untilInterrupted } from '../run-standalone.ts';
import { runDemo } from './run-demo.ts';

const HELP = `npm run demo: starts the platform, deploys examples/vega-summary, runs a job over 3,201 records,
prints its status document and its summary, and stops. The exit code is 0 when the job succeeded.

  --keep   stays up afterwards, until Ctrl-C:  npm run demo -- --keep

The environment variables of npm start apply (npm start -- --help).
`;

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(HELP);
} else {
  const root = join(import.meta.dirname, '../../../..');
  const servicesDir = join(import.meta.dirname, '../..');
  process.exitCode = await runStandalone({
    env: process.env,
    root,
    servicesDir,
    use: async (config, interrupt) => {
      const exitCode = await runDemo({ config, root, servicesDir, env: process.env });
      if (process.argv.includes('--keep')) {
        process.stderr.write('Staying up; Ctrl-C stops everything.\n');
        await untilInterrupted(interrupt);
      }
      return exitCode;
    },
  });
}
