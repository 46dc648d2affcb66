import type { Command } from 'commander';
import { linesOf } from '#libs/audit/lines-of.ts';
import { ExportVerifier } from '#libs/audit/verify-export.ts';
import { type Cli, CommandFailed, commonOptions, examples } from '../cli.ts';
import { bytesOfFile } from './file-bytes.ts';
import { LineCounter } from './line-counter.ts';
import { problemText } from './problem-text.ts';

export function addImportCommand(audit: Command, cli: Cli): void {
  audit
    .command('import')
    .description(
      'Fill the empty log of a platform that is read only with an export of a whole log.',
    )
    .argument('<file>', 'an export of a whole log')
    .addHelpText('after', examples('cortex audit import log.ndjson.gz'))
    .action(function (this: Command, file: string) {
      return importLog(cli, this, file);
    });
}

async function importLog(cli: Cli, command: Command, file: string): Promise<void> {
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  await expectVerified(file); // What was written before a failure would stay.
  const counter = new LineCounter(cli.terminal, 'imported');
  const { json, value } = await client.importLog(counter.counted(bytesOfFile(file)));
  counter.end();
  cli.terminal.print(output === 'json' ? json : value.message);
}

async function expectVerified(file: string): Promise<void> {
  const verifier = new ExportVerifier();
  for await (const line of linesOf(bytesOfFile(file))) verifier.take(line);
  const [problem] = verifier.finish().problems;
  if (problem === undefined) return;
  throw new CommandFailed(`${file} is not verified, nothing was imported: ${problemText(problem)}`);
}
