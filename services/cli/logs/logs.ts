import type { Command } from 'commander';
import { type Cli, CommandFailed, commonOptions, examples, UsageError } from '../cli.ts';
import { copyLogs } from './copy-logs.ts';
import { jsonLines, type LogWriter, prefixedLines, rawBytes } from './log-writers.ts';

export function addLogsCommand(program: Command, cli: Cli): void {
  program
    .command('logs')
    .description("Print what a job's handlers wrote, of all workers or of one.")
    .argument('<api>', 'name of an API')
    .argument('[job]', 'id of a job of that API')
    .argument('[worker]', 'number of a worker, from 0')
    .option('-f, --follow', 'go on with what is written, until the workers have left')
    .addHelpText(
      'after',
      examples(
        'cortex logs hello-world 69b183ed6bdf3e9b',
        'cortex logs hello-world 69b183ed6bdf3e9b 0 --follow',
        'cortex logs hello-world 69b183ed6bdf3e9b -o json',
      ),
    )
    .action(function (this: Command, api: string, job?: string, worker?: string) {
      const { follow } = this.opts<{ readonly follow?: true }>();
      return logs(cli, this, { api, job, worker, isFollowed: follow === true });
    });
}

interface Target {
  readonly api: string;
  readonly job: string | undefined;
  readonly worker: string | undefined;
  readonly isFollowed: boolean;
}

async function logs(cli: Cli, command: Command, target: Target): Promise<void> {
  const { api, job: jobId, worker, isFollowed } = target;
  const { url, output } = commonOptions(command);
  if (jobId === undefined) {
    throw new UsageError(
      `job id is required for ${api}; you can get a list of latest job ids with ` +
        `\`cortex get ${api}\` and use \`cortex logs ${api} JOB\` to get the logs`,
    );
  }
  const client = cli.connect(url);
  const { job_status: job } = (await client.getJob(jobId)).value;
  if (job.api_name !== api) {
    throw new CommandFailed(
      `job ${jobId} belongs to ${job.api_name}: cortex logs ${job.api_name} ${jobId}`,
    );
  }
  const workerIds = chooseWorkers(job.workers, worker);
  const writer = chooseWriter(cli, { output, isOneWorker: worker !== undefined });
  const written = await copyLogs(client, { jobId, workerIds, isFollowed, writer });
  if (written === 0) cli.terminal.note('nothing has been written');
}

function chooseWorkers(count: number, chosen: string | undefined): string[] {
  const all = Array.from({ length: count }, (_, ordinal) => String(ordinal));
  if (chosen === undefined) return all;
  if (all.includes(chosen)) return [chosen];
  throw new UsageError(
    count === 1
      ? `the job has one worker, 0 (got ${chosen})`
      : `the job's workers are 0 to ${count - 1} (got ${chosen})`,
  );
}

function chooseWriter(
  { terminal }: Cli,
  { output, isOneWorker }: { readonly output: 'pretty' | 'json'; readonly isOneWorker: boolean },
): LogWriter {
  if (output === 'json') return jsonLines(terminal);
  return isOneWorker ? rawBytes(terminal) : prefixedLines(terminal);
}
