import type { Command } from 'commander';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { onOneLine } from '../json-text.ts';

export function addDeleteCommand(program: Command, cli: Cli): void {
  program
    .command('delete')
    .description('Stop a job; or delete an API, which stops all its jobs and keeps their history.')
    .argument('<api>', 'name of a deployed API')
    .argument('[job]', 'id of a job of that API')
    .addHelpText(
      'after',
      examples('cortex delete hello-world 69b183ed6bdf3e9b', 'cortex delete hello-world'),
    )
    .action((api: string, job: string | undefined, _options, command: Command) =>
      deleteApiOrJob(cli, command, { api, job }),
    );
}

async function deleteApiOrJob(
  cli: Cli,
  command: Command,
  { api, job }: { readonly api: string; readonly job: string | undefined },
): Promise<void> {
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  const { value, json } =
    job === undefined
      ? await client.deleteApi(api)
      : await client.stopJob((await client.getApi(api)).value.spec.networking.endpoint, job);
  cli.terminal.print(output === 'json' ? onOneLine(json) : value.message);
}
