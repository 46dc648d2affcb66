import type { Command } from 'commander';
import type { GatewayClient } from '#libs/client/gateway-client.ts';
import { type Cli, commonOptions, examples, UsageError } from '../cli.ts';
import { followJob } from '../follow-job.ts';
import { jobOfApi } from '../job-of-api.ts';
import { onOneLine } from '../json-text.ts';
import { momentText } from '../moment-text.ts';
import { apiPage } from './api-page.ts';
import { apisPage } from './apis-page.ts';
import { jobPage } from './job-page.ts';

export function addGetCommand(program: Command, cli: Cli): void {
  program
    .command('get')
    .description('Show the deployed APIs, one API with its jobs, or one job.')
    .argument('[api]', 'name of an API')
    .argument('[job]', 'id of a job of that API')
    .option('-w, --watch', 'follow the job until it ends; the exit code is 0 only if it succeeds')
    .option('--at <moment>', 'the job as it was: a time of day, an RFC 3339 time or a position')
    .addHelpText(
      'after',
      examples(
        'cortex get',
        'cortex get hello-world',
        'cortex get hello-world 69b183ed6bdf3e9b --watch',
        'cortex get hello-world 69b183ed6bdf3e9b --at 10:31:05',
        'cortex get hello-world 69b183ed6bdf3e9b -o json | jq .job_status.status',
      ),
    )
    .action((api: string | undefined, job: string | undefined, options, command: Command) =>
      get(cli, command, { api, job, isWatched: options.watch === true, at: options.at }),
    );
}

interface Target {
  readonly api: string | undefined;
  readonly job: string | undefined;
  readonly isWatched: boolean;
  readonly at: string | undefined;
}

async function get(cli: Cli, command: Command, { api, job, isWatched, at }: Target): Promise<void> {
  const { url, output } = commonOptions(command);
  if (isWatched && job === undefined) {
    throw new UsageError('--watch follows one job: cortex get API JOB --watch');
  }
  if (at !== undefined && (job === undefined || isWatched)) {
    throw new UsageError('--at shows one job as it was: cortex get API JOB --at 10:31:05');
  }
  const moment = at === undefined ? null : momentText(cli, '--at', at);
  const client = cli.connect(url);
  if (api === undefined) return getApis(cli, client, output);
  if (job === undefined) return getApi(cli, client, { api, output });
  const details = await jobOfApi(client, { command: 'get', api, job, at: moment });
  if (isWatched) return followJob(cli, client, { first: details, output });
  const { style } = cli.terminal;
  const nowMs =
    moment === null || output === 'json'
      ? cli.nowMs()
      : await momentMs(cli, client, { moment, job });
  show(cli, output, details.json, () => jobPage(details, { nowMs, style }));
}

interface ShownMoment {
  readonly moment: string;
  readonly job: string;
}

/** What durations of a job that had not ended are counted to: of a position, its time. */
async function momentMs(
  cli: Cli,
  client: GatewayClient,
  { moment, job }: ShownMoment,
): Promise<number> {
  if (moment.includes('T')) return Date.parse(moment);
  const after = String(Math.max(0, Number(moment) - 1));
  const { events } = (await client.listEvents(job, { after })).value;
  return events[0] === undefined ? cli.nowMs() : Date.parse(events[0].time);
}

async function getApis(cli: Cli, client: GatewayClient, output: string): Promise<void> {
  const { value, json } = await client.listApis();
  const { style } = cli.terminal;
  show(cli, output, json, () => apisPage(value, { nowMs: cli.nowMs(), style }));
}

async function getApi(
  cli: Cli,
  client: GatewayClient,
  { api, output }: { readonly api: string; readonly output: string },
): Promise<void> {
  const { value, json } = await client.getApi(api);
  const { style } = cli.terminal;
  show(cli, output, json, () => apiPage(value, { nowMs: cli.nowMs(), style }));
}

function show(cli: Cli, output: string, json: string, page: () => string): void {
  cli.terminal.print(output === 'json' ? onOneLine(json) : page());
}
