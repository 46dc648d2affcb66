import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { InvalidGatewayUrl } from '#libs/client/client-errors.ts';
import { GatewayClient } from '#libs/client/gateway-client.ts';
import { type Cli, UsageError } from './cli.ts';
import { createProgram } from './program.ts';
import { createTerminal } from './terminal.ts';

const DEFAULT_URL = 'http://localhost:8888';
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** What shells report for a process that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

const { env, stderr, stdin, stdout } = process;

const cli: Cli = {
  terminal: createTerminal({ stdout, stderr, env }),
  env,
  stdin,
  exitCode: 0,
  connect: (url) => new GatewayClient(url),
  nowMs: () => Date.now(),
  onInterrupt(farewell) {
    const listener = (): never => {
      farewell();
      process.exit(EXIT_INTERRUPTED);
    };
    process.once('SIGINT', listener);
    return () => process.off('SIGINT', listener);
  },
};

// `cortex get | head` closes the pipe early; that is no failure.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : EXIT_FAILED);
});

try {
  await createProgram(cli, { version: ownVersion(), defaultUrl: gatewayUrl() }).parseAsync();
  process.exitCode = cli.exitCode;
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // Commander has printed its own errors.
  if (!(error instanceof CommanderError)) cli.terminal.note(`error: ${messageOf(error)}`);
}

function gatewayUrl(): string {
  const given = env['CORTEX_URL'] ?? '';
  return given === '' ? DEFAULT_URL : given;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  return error instanceof UsageError || error instanceof InvalidGatewayUrl
    ? EXIT_USAGE
    : EXIT_FAILED;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The package's file is two folders above the sources and three above the build. */
function ownVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    const version = versionIn(new URL(up, import.meta.url));
    if (version !== null) return version;
  }
  return 'unknown';
}

function versionIn(file: URL): string | null {
  try {
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
    return hasVersion ? String(manifest.version) : null;
  } catch {
    return null; // Not here: the caller looks one folder further up.
  }
}
