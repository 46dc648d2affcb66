import { Command, Option } from 'commander';
import type { Cli } from './cli.ts';
import { examples } from './cli.ts';
import { addAuditCommand } from './audit/audit.ts';
import { addBatchesCommand } from './batches/batches.ts';
import { addDeadLettersCommand } from './dead-letters/dead-letters.ts';
import { addDeleteCommand } from './delete/delete.ts';
import { addDeployCommand } from './deploy/deploy.ts';
import { addDiffCommand } from './diff/diff.ts';
import { addEventsCommand } from './events/events.ts';
import { addGetCommand } from './get/get.ts';
import { addLogsCommand } from './logs/logs.ts';
import { addProjectionsCommand } from './projections/projections.ts';
import { addRedriveCommand } from './redrive/redrive.ts';
import { addReplayCommand } from './replay/replay.ts';
import { addSubmitCommand } from './submit/submit.ts';
import { addUploadCommand } from './upload/upload.ts';
import { addWorkersCommand } from './workers/workers.ts';

interface ProgramSettings {
  readonly version: string;
  /** Where the gateway is when `--url` is not given. */
  readonly defaultUrl: string;
}

/** The whole command line. It throws `CommanderError` where it would otherwise end the process. */
export function createProgram(cli: Cli, { version, defaultUrl }: ProgramSettings): Command {
  const program = new Command('cortex')
    .description('Deploys Batch APIs, submits jobs and follows them.')
    .version(version, '--version', 'print the version')
    .addOption(new Option('--url <url>', 'address of the gateway (CORTEX_URL)').default(defaultUrl))
    .addOption(
      new Option('-o, --output <format>', 'how to print results')
        .choices(['pretty', 'json'])
        .default('pretty'),
    )
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(run the command with --help for its usage)')
    .exitOverride()
    .addHelpText(
      'after',
      examples(
        'cortex deploy',
        'cortex submit hello-world -f job.json --wait',
        'cortex get hello-world 69b183ed6bdf3e9b',
        'cortex logs hello-world 69b183ed6bdf3e9b --follow',
      ),
    );
  addDeployCommand(program, cli);
  addGetCommand(program, cli);
  addSubmitCommand(program, cli);
  addDeleteCommand(program, cli);
  addWorkersCommand(program, cli);
  addLogsCommand(program, cli);
  addEventsCommand(program, cli);
  addBatchesCommand(program, cli);
  addReplayCommand(program, cli);
  addDiffCommand(program, cli);
  addDeadLettersCommand(program, cli);
  addRedriveCommand(program, cli);
  addUploadCommand(program, cli);
  addAuditCommand(program, cli);
  addProjectionsCommand(program, cli);
  return program;
}
