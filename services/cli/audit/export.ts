import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Command } from 'commander';
import { readLine } from '#libs/audit/export-line.ts';
import { type Cli, CommandFailed, commonOptions, examples } from '../cli.ts';
import { LineCounter } from './line-counter.ts';

interface ExportOptions {
  readonly api?: string;
  readonly job?: string;
  readonly out?: string;
}

export function addExportCommand(audit: Command, cli: Cli): void {
  audit
    .command('export')
    .description('Write the log as it is now, a CloudEvent a line.')
    .option('--api <api>', 'only events of this API')
    .option('--job <job>', 'only events of this job, and deployments of its API')
    .option('--out <file>', 'write to a file; one that ends with .gz is packed')
    .addHelpText(
      'after',
      examples(
        'cortex audit export --out log.ndjson.gz',
        'cortex audit export --job 69b183ed6bdf3e9b | jq -c .type',
      ),
    )
    .action(function (this: Command) {
      return exportLog(cli, this);
    });
}

async function exportLog(cli: Cli, command: Command): Promise<void> {
  const { url } = commonOptions(command);
  const { api, job, out } = command.opts<ExportOptions>();
  const filter = {
    ...(api !== undefined && { apiName: api }),
    ...(job !== undefined && { jobId: job }),
  };
  const counter = new LineCounter(cli.terminal, 'exported');
  const pieces = counter.counted(cli.connect(url).exportLog(filter));
  if (out === undefined) await pipeline(Readable.from(pieces), outputOf(cli));
  else await writeFile(pieces, out);
  counter.end();
  if (!isEnd(counter.lastLine)) {
    throw new CommandFailed('the export broke off; the log of the gateway says why. Run it again');
  }
  if (out !== undefined) cli.terminal.note(`${out}: ${counter.eventCount} events`);
}

/** A file of that name is there when it is complete, and not before. */
async function writeFile(pieces: AsyncIterable<Uint8Array>, out: string): Promise<void> {
  const partial = `${out}.partial`;
  const packed = out.endsWith('.gz') ? [createGzip()] : [];
  try {
    await pipeline([Readable.from(pieces), ...packed, createWriteStream(partial)]);
    await rename(partial, out);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

const outputOf = ({ terminal }: Cli): Writable =>
  new Writable({
    write(piece: Buffer, _encoding, done) {
      terminal.write(piece);
      done();
    },
  });

function isEnd(line: Uint8Array): boolean {
  try {
    return readLine(line).kind === 'end';
  } catch {
    return false; // Cut in the middle of it.
  }
}
