import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { natsServerBinary } from '../../services/standalone/nats-server.ts';

const root = join(import.meta.dirname, '../..');
const resultsDir = join(import.meta.dirname, 'results');

const versionOf = (command: string, args: string[]): string => {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
};

/** What a figure was measured on; a figure without it means nothing. */
export function environment(): Readonly<Record<string, string | number>> {
  const natsServer = natsServerBinary(process.env['NATS_SERVER'] ?? null, root);
  return {
    commit: versionOf('git', ['-C', root, 'rev-parse', '--short', 'HEAD']),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    natsServer: versionOf(natsServer, ['--version']),
    durability:
      'fast: nats-server with file storage and its default sync interval; what was acknowledged survives the death of any process',
  };
}

/** Appends one JSON line to `test/bench/results/<name>.jsonl`. */
export function writeResult(name: string, result: Readonly<Record<string, unknown>>): void {
  mkdirSync(resultsDir, { recursive: true });
  const line = JSON.stringify({ at: new Date().toISOString(), ...environment(), ...result });
  appendFileSync(join(resultsDir, `${name}.jsonl`), `${line}\n`);
}

/** Rows as aligned columns; the first row is the header. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    );
  }
}
