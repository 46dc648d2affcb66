import type { Command } from 'commander';
import type { GatewayClient } from '#libs/client/gateway-client.ts';
import type { WorkerPage } from '#libs/client/gateway-documents.ts';
import type { Answer } from '#libs/client/http-exchange.ts';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { jobOfApi } from '../job-of-api.ts';
import { onOneLine } from '../json-text.ts';
import { momentText } from '../moment-text.ts';
import { workersPage } from './workers-page.ts';

export function addWorkersCommand(program: Command, cli: Cli): void {
  program
    .command('workers')
    .description('Show the workers of a job: their states, and why they are in them.')
    .argument('<api>', 'name of an API')
    .argument('<job>', 'id of a job of that API')
    .option('--at <moment>', 'as they were: a time of day, an RFC 3339 time or a position')
    .addHelpText(
      'after',
      examples(
        'cortex workers hello-world 69b183ed6bdf3e9b',
        "cortex workers hello-world 69b183ed6bdf3e9b -o json | jq '.workers[].reason'",
      ),
    )
    .action((api: string, job: string, { at }: { readonly at?: string }, command: Command) =>
      showWorkers(cli, command, { api, job, at }),
    );
}

interface Target {
  readonly api: string;
  readonly job: string;
  readonly at: string | undefined;
}

/** As JSON, each answer of the gateway is a line: one for every thousand workers. */
async function showWorkers(cli: Cli, command: Command, { api, job, at }: Target): Promise<void> {
  const moment = at === undefined ? null : momentText(cli, '--at', at);
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  await jobOfApi(client, { command: 'workers', api, job, at: moment });
  const workers: WorkerPage['workers'] = [];
  for await (const { value, json } of pagesOf(client, job, moment)) {
    if (output === 'json') cli.terminal.print(onOneLine(json));
    else workers.push(...value.workers);
  }
  if (output !== 'json') cli.terminal.print(workersPage(workers, cli.terminal.style));
}

async function* pagesOf(
  client: GatewayClient,
  job: string,
  at: string | null,
): AsyncGenerator<Answer<WorkerPage>> {
  let cursor: string | null = null;
  do {
    const page: Answer<WorkerPage> = await client.listWorkers(job, cursor, at);
    yield page;
    cursor = page.value.next_cursor;
  } while (cursor !== null);
}
