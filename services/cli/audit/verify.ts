import type { Command } from 'commander';
import { linesOf } from '#libs/audit/lines-of.ts';
import { type AuditVerdict, ExportVerifier } from '#libs/audit/verify-export.ts';
import { type Cli, commonOptions, examples, UsageError } from '../cli.ts';
import { CompareLive } from './compare-live.ts';
import { bytesOfFile } from './file-bytes.ts';
import { LineCounter } from './line-counter.ts';
import { problemText } from './problem-text.ts';

const EXIT_DIFFERENT = 1;
/** As the status projector's. */
const STALLED_AFTER_MS = 600_000;

interface VerifyOptions {
  readonly live?: true;
  readonly offline?: true;
}

export function addVerifyCommand(audit: Command, cli: Cli): void {
  audit
    .command('verify')
    .description(
      'Make every hash and every status of an export again, and compare them with its checkpoints and ' +
        'with what the platform says.',
    )
    .argument('[file]', 'an export; without it, the log of the platform')
    .option('--live', 'verify the log of the platform, as without a file')
    .option('--offline', 'do not compare with what the platform says')
    .addHelpText(
      'after',
      examples('cortex audit verify', 'cortex audit verify log.ndjson.gz --offline') +
        '\n\nExits with 0: verified, 1: something is not as it was, 2: wrong usage.',
    )
    .action(function (this: Command, file: string | undefined) {
      return verify(cli, this, file ?? null);
    });
}

async function verify(cli: Cli, command: Command, file: string | null): Promise<void> {
  const { url, output } = commonOptions(command);
  const { live, offline } = command.opts<VerifyOptions>();
  if (live === true && file !== null) throw new UsageError('give a file or --live, not both');
  if (offline === true && file === null) throw new UsageError('--offline takes a file');
  const client = offline === true ? null : cli.connect(url);
  const comparison = client && new CompareLive(client, stalledAfterMsOf(cli));
  const verifier = new ExportVerifier();
  const counter = new LineCounter(cli.terminal, 'verified');
  const bytes = file === null ? cli.connect(url).exportLog({}) : bytesOfFile(file);
  for await (const line of linesOf(counter.counted(bytes))) {
    const read = verifier.take(line);
    if (read?.kind === 'event') comparison?.take(read.event);
  }
  counter.end();
  const verdict = verifier.finish();
  const problems = [...verdict.problems];
  // What an export of changed events says differs anyway.
  if (comparison !== null && problems.length === 0) {
    problems.push(...(await comparison.differences(verdict.start)));
  }
  if (problems.length > 0) cli.exitCode = EXIT_DIFFERENT;
  if (output === 'json') cli.terminal.print(JSON.stringify({ ...verdict, problems }));
  else report(cli, { ...verdict, problems }, comparison);
}

function stalledAfterMsOf({ env }: Cli): number {
  const text = env['STALLED_AFTER_MS'] ?? '';
  if (text === '') return STALLED_AFTER_MS;
  if (!/^\d{1,12}$/.test(text)) {
    throw new UsageError(`STALLED_AFTER_MS: must be a number of milliseconds (got ${text})`);
  }
  return Number(text);
}

function report(cli: Cli, verdict: AuditVerdict, comparison: CompareLive | null): void {
  const { style } = cli.terminal;
  const print = (text: string): void => cli.terminal.print(text);
  for (const problem of verdict.problems) print(style.red(problemText(problem)));
  const { newest, eventCount, checkpointCount, unsealedCount, passedOverCount } = verdict;
  print(`events: ${eventCount}, checkpoints: ${checkpointCount}`);
  if (passedOverCount > 0) {
    print(`checkpoints of events that are all left out here, not verified: ${passedOverCount}`);
  }
  if (newest !== null) print(`sealed up to position ${newest.position} by ${newest.sha256}`);
  if (unsealedCount > 0) {
    print(`${unsealedCount} events after the last checkpoint are not covered yet`);
  }
  if (comparison !== null) print(`documents compared: ${comparison.comparedCount}`);
  print(verdict.problems.length === 0 ? style.green('verified') : style.red('NOT verified'));
}
