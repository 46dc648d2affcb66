import type { Command } from 'commander';
import { type Cli, CommandFailed, commonOptions, examples } from '../cli.ts';
import { followJob } from '../follow-job.ts';
import { onOneLine } from '../json-text.ts';
import { readInputFile } from '../read-file.ts';

/** The gateway takes no larger request. */
const SUBMISSION_BYTES_MAX = 10 * 1024 * 1024;

interface SubmitOptions {
  readonly file: string;
  readonly wait?: true;
  readonly idempotencyKey?: string;
}

export function addSubmitCommand(program: Command, cli: Cli): void {
  program
    .command('submit')
    .description('Submit a job to an API.')
    .argument('<api>', 'name of a deployed API')
    .requiredOption('-f, --file <file>', 'the job as JSON; - reads standard input')
    .option('--wait', 'follow the job until it ends; the exit code is 0 only if it succeeds')
    .option('--idempotency-key <key>', 'submit at most one job under this key, however often tried')
    .addHelpText(
      'after',
      examples(
        'cortex submit hello-world -f job.json',
        'cortex submit hello-world -f job.json --wait',
        'node make-job.mjs | cortex submit hello-world -f - --idempotency-key "nightly-2026-01-31"',
      ),
    )
    .action((api: string, options: SubmitOptions, command: Command) =>
      submit(cli, command, { api, ...options }),
    );
}

async function submit(
  cli: Cli,
  command: Command,
  { api, file, wait, idempotencyKey }: SubmitOptions & { readonly api: string },
): Promise<void> {
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  const submission = file === '-' ? await readAll(cli.stdin) : await readInputFile(file);
  if (submission.length > SUBMISSION_BYTES_MAX) {
    throw new CommandFailed(
      `the job is ${submission.length} bytes long, and at most ${SUBMISSION_BYTES_MAX} can be sent; ` +
        'submit several jobs, or put the items into S3',
    );
  }
  const { endpoint } = (await client.getApi(api)).value.spec.networking;
  const { value, json } = await client.submitJob(endpoint, submission, {
    idempotencyKey: idempotencyKey ?? null,
  });
  if (wait === true) {
    cli.terminal.note(`submitted job ${value.job_id}`);
    const first = await client.getJob(value.job_id);
    return followJob(cli, client, { first, output });
  }
  if (output === 'json') return cli.terminal.print(onOneLine(json));
  cli.terminal.print(`submitted job ${value.job_id}`);
  cli.terminal.note(`watch it with \`cortex get ${api} ${value.job_id} --watch\``);
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > SUBMISSION_BYTES_MAX) break; // Too much already; the caller says so.
  }
  return new Uint8Array(Buffer.concat(chunks));
}
