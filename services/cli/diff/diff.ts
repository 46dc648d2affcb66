import type { Command } from 'commander';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { jobOfApi } from '../job-of-api.ts';
import { memberOf } from '../json-text.ts';
import { momentText } from '../moment-text.ts';
import { renderTable } from '../table.ts';
import { type Change, changesBetween } from './document-changes.ts';

interface DiffOptions {
  readonly from: string;
  readonly to?: string;
}

export function addDiffCommand(program: Command, cli: Cli): void {
  program
    .command('diff')
    .description('Show what changed in the status document of a job between two moments.')
    .argument('<api>', 'name of an API')
    .argument('<job>', 'id of a job of that API')
    .requiredOption('--from <moment>', 'a time of day, an RFC 3339 time or a position')
    .option('--to <moment>', 'the same; now when it is left out')
    .addHelpText(
      'after',
      examples('cortex diff hello-world 69b183ed6bdf3e9b --from 10:31:05 --to 10:32:00'),
    )
    .action(function (this: Command, api: string, job: string) {
      return diff(cli, this, { api, job });
    });
}

async function diff(
  cli: Cli,
  command: Command,
  { api, job }: { readonly api: string; readonly job: string },
): Promise<void> {
  const { url, output } = commonOptions(command);
  const options = command.opts<DiffOptions>();
  const from = momentText(cli, '--from', options.from);
  const to = options.to === undefined ? null : momentText(cli, '--to', options.to);
  const client = cli.connect(url);
  const [before, after] = await Promise.all(
    [from, to].map((at) => jobOfApi(client, { command: 'diff', api, job, at })),
  );
  const changes = changesBetween(statusIn(before?.json), statusIn(after?.json));
  if (output === 'json') cli.terminal.print(JSON.stringify({ changes }));
  else if (changes.length === 0) cli.terminal.note('nothing changed');
  else cli.terminal.print(changeTable(changes, cli));
}

/** All members, also those that this command line does not know. */
const statusIn = (json: string | undefined): unknown =>
  JSON.parse(memberOf(json ?? '{}', 'job_status'));

const changeTable = (changes: readonly Change[], { terminal }: Cli): string =>
  renderTable(
    [
      { title: 'member', cells: changes.map(({ member }) => member) },
      { title: 'from', cells: changes.map(({ from }) => valueText(from)) },
      { title: 'to', cells: changes.map(({ to }) => valueText(to)) },
    ],
    terminal.style,
  );

function valueText(value: unknown): string {
  if (value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
