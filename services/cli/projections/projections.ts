import type { Command } from 'commander';
import type { GatewayClient } from '#libs/client/gateway-client.ts';
import type { Projection } from '#libs/client/gateway-documents.ts';
import type { Answer } from '#libs/client/http-exchange.ts';
import { pause } from '#libs/platform/pause.ts';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { onOneLine } from '../json-text.ts';

const POLL_MS = 1000;

export function addProjectionsCommand(program: Command, cli: Cli): void {
  const projections = program
    .command('projections')
    .description('Show what the platform shows jobs from, and make it anew from the log.')
    .addHelpText('after', examples('cortex projections', 'cortex projections rebuild'))
    .action((_options, command: Command) => show(cli, command));
  projections
    .command('rebuild')
    .description(
      'Fold the whole log anew, beside the projection in use, and go on with the result; wait for it.',
    )
    .option('--no-wait', 'only ask for it')
    .action(({ wait }: { readonly wait: boolean }, command: Command) =>
      rebuildProjection(cli, command, wait),
    );
}

async function show(cli: Cli, command: Command): Promise<void> {
  const { url, output } = commonOptions(command);
  print(cli, output, await cli.connect(url).readProjection());
}

async function rebuildProjection(cli: Cli, command: Command, isWaiting: boolean): Promise<void> {
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  const asked = await client.rebuildProjection();
  print(cli, output, isWaiting ? await untilRebuilt(cli, client, asked) : asked);
}

async function untilRebuilt(
  cli: Cli,
  client: GatewayClient,
  asked: Answer<Projection>,
): Promise<Answer<Projection>> {
  for (let answer = asked; ; answer = await client.readProjection()) {
    if (answer.value.rebuild === null) return answer;
    cli.terminal.note(progressOf(answer.value.rebuild));
    await pause(POLL_MS);
  }
}

function print(cli: Cli, output: string, { value, json }: Answer<Projection>): void {
  if (output === 'json') return cli.terminal.print(onOneLine(json));
  const { generation, position, jobs_in_memory: running, ended_jobs: ended } = value;
  cli.terminal.print(
    `generation ${generation} at position ${position}: ${running} jobs in memory, ${ended} ended`,
  );
  if (value.rebuild !== null) cli.terminal.print(progressOf(value.rebuild));
}

const progressOf = (rebuild: NonNullable<Projection['rebuild']>): string =>
  `rebuilding generation ${rebuild.generation}: position ${rebuild.position} of ${rebuild.last_position}`;
