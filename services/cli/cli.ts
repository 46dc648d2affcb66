import type { Command } from 'commander';
import type { GatewayClient } from '#libs/client/gateway-client.ts';
import type { Terminal } from './terminal.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly url: string;
  readonly output: 'pretty' | 'json';
}

/** What commands need of the process they run in. */
export interface Cli {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The process exits with it once the command is done. */
  exitCode: number;
  /** @throws InvalidGatewayUrl */
  connect(url: string): GatewayClient;
  nowMs(): number;
  /** Calls `farewell` before Ctrl-C ends the process. Returns how to take that back. */
  onInterrupt(farewell: () => void): () => void;
}

/** The command could not do what it was asked, for a reason on this side of the wire. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const commonOptions = (command: Command): CommonOptions =>
  command.optsWithGlobals<CommonOptions>();

/** Text for `addHelpText('after', …)`. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
