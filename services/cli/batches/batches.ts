import type { Command } from 'commander';
import type { BatchFilter, GatewayClient } from '#libs/client/gateway-client.ts';
import type { BatchPage } from '#libs/client/gateway-documents.ts';
import type { Answer } from '#libs/client/http-exchange.ts';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { jobOfApi } from '../job-of-api.ts';
import { onOneLine } from '../json-text.ts';
import { momentText } from '../moment-text.ts';
import { renderTable } from '../table.ts';
import type { Style } from '../terminal.ts';
import { preciseDuration } from '../time-format.ts';

interface BatchesOptions {
  readonly outcome?: string;
  readonly at?: string;
}

export function addBatchesCommand(program: Command, cli: Cli): void {
  program
    .command('batches')
    .description('Show what became of the batches of a job, with the last attempt at each.')
    .argument('<api>', 'name of an API')
    .argument('<job>', 'id of a job of that API')
    .option('--outcome <outcomes>', 'only these: failed, dead_lettered, cancelled, … with commas')
    .option('--at <moment>', 'as they were: a time of day, an RFC 3339 time or a position')
    .addHelpText(
      'after',
      examples(
        'cortex batches hello-world 69b183ed6bdf3e9b --outcome failed,dead_lettered',
        "cortex batches hello-world 69b183ed6bdf3e9b -o json | jq '.batches[].attempts'",
      ),
    )
    .action(function (this: Command, api: string, job: string) {
      return batches(cli, this, { api, job });
    });
}

/** Page by page, so that a job of any size can be listed; as JSON, each page is a line. */
async function batches(
  cli: Cli,
  command: Command,
  { api, job }: { readonly api: string; readonly job: string },
): Promise<void> {
  const { url, output } = commonOptions(command);
  const { outcome, at } = command.opts<BatchesOptions>();
  const filter = {
    ...(outcome !== undefined && { outcome }),
    ...(at !== undefined && { at: momentText(cli, '--at', at) }),
  };
  const client = cli.connect(url);
  await jobOfApi(client, { command: 'batches', api, job, at: filter.at ?? null });
  for await (const { value, json } of pagesOf(client, job, filter)) {
    const text = output === 'json' ? onOneLine(json) : batchTable(value, cli.terminal.style);
    cli.terminal.print(text);
  }
}

async function* pagesOf(
  client: GatewayClient,
  job: string,
  filter: BatchFilter,
): AsyncGenerator<Answer<BatchPage>> {
  for (let next = filter; ;) {
    const page = await client.listBatches(job, next);
    yield page;
    if (page.value.next_cursor === null) return;
    next = { ...filter, cursor: page.value.next_cursor };
  }
}

function batchTable({ batches: list }: BatchPage, style: Pick<Style, 'bold'>): string {
  const lasts = list.map(({ attempts }) => attempts.at(-1));
  return renderTable(
    [
      { title: 'batch', cells: list.map(({ index }) => String(index)) },
      { title: 'outcome', cells: list.map((batch) => batch.outcome.replace('_', '-')) },
      { title: 'items', cells: list.map(({ items }) => itemRange(items)) },
      { title: 'attempts', cells: list.map((batch) => String(batch.attempt_count)) },
      { title: 'worker', cells: lasts.map((last) => last?.worker_id ?? '-') },
      { title: 'duration', cells: lasts.map((last) => durationText(last?.duration_seconds)) },
      { title: 'reason', cells: lasts.map((last) => firstLine(last?.reason?.message ?? '-')) },
    ],
    style,
  );
}

const durationText = (seconds: number | null | undefined): string =>
  seconds === null || seconds === undefined ? '-' : preciseDuration(seconds * 1000);

const itemRange = ({ first, count }: BatchPage['batches'][number]['items']): string =>
  count === null ? `${first}-?` : `${first}-${first + count - 1}`;

const firstLine = (text: string): string => text.trim().split(/[\r\n]/)[0] ?? '';
