import { type Command, InvalidArgumentError } from 'commander';
import type { RedrivenJob } from '#libs/client/gateway-documents.ts';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { followJob } from '../follow-job.ts';
import { jobOfApi } from '../job-of-api.ts';
import { onOneLine } from '../json-text.ts';

interface RedriveOptions {
  readonly wait?: true;
  readonly workers?: number;
}

export function addRedriveCommand(program: Command, cli: Cli): void {
  program
    .command('redrive')
    .description(
      'Submit the dead letters of a job that has ended again, as a new job on the API as it is deployed now.',
    )
    .argument('<api>', 'name of an API')
    .argument('<job>', 'id of a job of that API')
    .option('--workers <count>', 'run on so many workers; without it, as many as before', workers)
    .option('--wait', 'follow the new job until it ends; the exit code is 0 only if it succeeds')
    .addHelpText(
      'after',
      examples(
        'cortex redrive hello-world 69b183ed6bdf3e9b',
        'cortex redrive hello-world 69b183ed6bdf3e9b --workers 1 --wait',
      ),
    )
    .action((api: string, job: string, options: RedriveOptions, command: Command) =>
      redrive(cli, command, { api, job, ...options }),
    );
}

interface Target extends RedriveOptions {
  readonly api: string;
  readonly job: string;
}

async function redrive(
  cli: Cli,
  command: Command,
  { api, job, wait, workers: count }: Target,
): Promise<void> {
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  await jobOfApi(client, { command: 'redrive', api, job });
  const { value, json } = await client.redriveJob(job, count ?? null);
  const summary = `submitted ${batchesOf(value)} of ${job} again as job ${value.job_id}`;
  if (value.has_more) cli.terminal.note(`more dead letters are left: cortex redrive ${api} ${job}`);
  if (wait === true) {
    cli.terminal.note(summary);
    const first = await client.getJob(value.job_id);
    return followJob(cli, client, { first, output });
  }
  if (output === 'json') return cli.terminal.print(onOneLine(json));
  cli.terminal.print(summary);
  cli.terminal.note(`watch it with \`cortex get ${api} ${value.job_id} --watch\``);
}

const batchesOf = ({ redriven_batch_count: count }: RedrivenJob): string =>
  count === 1 ? '1 batch' : `${count} batches`;

function workers(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a whole number, at least 1');
}
