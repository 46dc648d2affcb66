import type { Command } from 'commander';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { jobOfApi } from '../job-of-api.ts';
import { elementsOf, memberOf, onOneLine } from '../json-text.ts';
import { deadLettersPage } from './dead-letters-page.ts';

interface DeadLettersOptions {
  readonly payload?: true;
}

export function addDeadLettersCommand(program: Command, cli: Cli): void {
  program
    .command('dead-letters')
    .description('List the batches of a job that are in its dead-letter queue.')
    .argument('<api>', 'name of an API')
    .argument('<job>', 'id of a job of that API')
    .option('--payload', 'print their items, a JSON array a line')
    .addHelpText(
      'after',
      examples(
        'cortex dead-letters hello-world 69b183ed6bdf3e9b',
        'cortex dead-letters hello-world 69b183ed6bdf3e9b --payload > failed.ndjson',
        "cortex dead-letters hello-world 69b183ed6bdf3e9b -o json | jq '.dead_letters[].reason'",
      ),
    )
    .action((api: string, job: string, options: DeadLettersOptions, command: Command) =>
      listDeadLetters(cli, command, { api, job, hasPayloads: options.payload === true }),
    );
}

interface Target {
  readonly api: string;
  readonly job: string;
  readonly hasPayloads: boolean;
}

async function listDeadLetters(
  cli: Cli,
  command: Command,
  { api, job, hasPayloads }: Target,
): Promise<void> {
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  await jobOfApi(client, { command: 'dead-letters', api, job });
  const { value, json } = await client.listDeadLetters(job, hasPayloads);
  if (output === 'json') return cli.terminal.print(onOneLine(json));
  if (!hasPayloads) return cli.terminal.print(deadLettersPage(value, cli.terminal.style));
  for (const payload of payloadsIn(json)) cli.terminal.print(onOneLine(payload));
  if (value.has_more) cli.terminal.note('there are more behind them');
}

/** The items of each letter as they were sent; what is no list of items is left out. */
const payloadsIn = (json: string): string[] =>
  elementsOf(memberOf(json, 'dead_letters'))
    .map((letter) => memberOf(letter, 'payload'))
    .filter((payload) => payload !== 'null');
