import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Durability } from './standalone.config.ts';
import type { ProcessSpec } from './service-process.ts';
import type { StaleProcess } from './stale-process.ts';
import { StartError } from './start-error.ts';

export interface NatsServerOptions {
  readonly binary: string;
  readonly port: number;
  readonly durability: Durability;
  /** Absolute; the server keeps everything below `nats/` in it. */
  readonly dataDir: string;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The binary to start: the one given, else the one that `npm run setup` found or installed. */
export function natsServerBinary(given: string | null, root: string): string {
  if (given !== null) return given;
  const pathFile = join(root, '.cache', 'nats-server-path');
  return existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : 'nats-server';
}

/**
 * Writes the server's configuration and describes its process.
 *
 * @throws StartError when the server is too old for the durability asked for
 */
export function natsServerSpec(options: NatsServerOptions): ProcessSpec {
  const folder = join(options.dataDir, 'nats');
  mkdirSync(folder, { recursive: true });
  const file = configFile(options.dataDir);
  writeFileSync(file, configuration(options, folder));
  if (options.durability === 'safe') checkConfiguration(options.binary, file);
  return {
    name: 'nats-server',
    command: options.binary,
    args: ['-c', file],
    env: options.env,
    logFile: options.logFile,
    hasChannel: false,
  };
}

const configFile = (dataDir: string): string => join(dataDir, 'nats', 'nats-server.conf');
const pidFile = (dataDir: string): string => join(dataDir, 'nats', 'nats-server.pid');

function configuration({ port, durability, dataDir }: NatsServerOptions, folder: string): string {
  const sync = durability === 'safe' ? '\n  sync_interval: always' : '';
  return `# Written by npm start; changes are lost.
listen: "127.0.0.1:${port}"
server_name: "cortex"
pid_file: ${JSON.stringify(pidFile(dataDir))}
jetstream {
  store_dir: ${JSON.stringify(folder)}${sync}
}
`;
}

/** Servers before 2.10 cannot sync every write and refuse the setting. */
function checkConfiguration(binary: string, file: string): void {
  try {
    execFileSync(binary, ['-t', '-c', file], { stdio: 'pipe' });
  } catch (error) {
    throw new StartError(
      `${binary} refuses CORTEX_DURABILITY=safe, which needs nats-server 2.10 or newer.\n` +
        'Set NATS_SERVER to a newer binary, or CORTEX_DURABILITY=fast.',
      { cause: error },
    );
  }
}

export const staleNatsServer = (dataDir: string): StaleProcess => ({
  name: 'nats-server',
  pidFile: pidFile(dataDir),
  mark: configFile(dataDir),
});
