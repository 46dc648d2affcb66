import type { Command } from 'commander';
import { eventSchema } from '#libs/client/gateway-documents.ts';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { eventDetails, eventName } from '../event-wording.ts';
import { recordedEvents } from '../job-event-pages.ts';
import { jobOfApi } from '../job-of-api.ts';
import { onOneLine } from '../json-text.ts';
import { momentText } from '../moment-text.ts';

const NAME_WIDTH = 18;
const POSITION_WIDTH = 8;

interface EventsOptions {
  readonly follow?: true;
  readonly type?: readonly string[];
  readonly since?: string;
}

export function addEventsCommand(program: Command, cli: Cli): void {
  program
    .command('events')
    .description('Show what the log holds of a job, an event a line.')
    .argument('<api>', 'name of an API')
    .argument('<job>', 'id of a job of that API')
    .option(
      '-f, --follow',
      'go on with what comes, until the job has ended and its workers have left',
    )
    .option('-t, --type <type...>', 'only events of these types, e.g. BatchFailed')
    .option('--since <moment>', 'only what is behind a time of day, an RFC 3339 time or a position')
    .addHelpText(
      'after',
      examples(
        'cortex events hello-world 69b183ed6bdf3e9b --follow',
        'cortex events hello-world 69b183ed6bdf3e9b --type BatchFailed BatchDeadLettered',
        'cortex events hello-world 69b183ed6bdf3e9b --since 10:31:05 -o json | jq .data',
      ),
    )
    .action(function (this: Command, api: string, job: string) {
      return events(cli, this, { api, job });
    });
}

async function events(
  cli: Cli,
  command: Command,
  { api, job }: { readonly api: string; readonly job: string },
): Promise<void> {
  const { url, output } = commonOptions(command);
  const { follow, type, since } = command.opts<EventsOptions>();
  const filter = {
    ...(type !== undefined && { types: type }),
    ...(since !== undefined && { after: momentText(cli, '--since', since) }),
  };
  const client = cli.connect(url);
  await jobOfApi(client, { command: 'events', api, job });
  const texts = follow ? client.followEvents(job, filter) : recordedEvents(client, job, filter);
  for await (const text of texts) {
    cli.terminal.print(output === 'json' ? onOneLine(text) : lineOf(text));
  }
}

function lineOf(text: string): string {
  const event = eventSchema.parse(JSON.parse(text));
  const columns = [
    event.position.padStart(POSITION_WIDTH),
    event.time,
    eventName(event).padEnd(NAME_WIDTH),
    eventDetails(event),
  ];
  return columns.join('  ').trimEnd();
}
