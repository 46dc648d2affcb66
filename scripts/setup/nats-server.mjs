import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import {
  installFromApt,
  installFromBrew,
  installFromGo,
  installFromRelease,
} from './nats-server-sources.mjs';
import { runCommand } from './run-command.mjs';
import { say, seconds, SetupError } from './say.mjs';

/** Debian puts servers here, and an ordinary user's PATH leaves it out. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin', '/usr/local/bin'];
const VERSION_MIN = [2, 9];

/**
 * Finds or installs `nats-server` and leaves its path in `.cache/nats-server-path`, where
 * `npm start` and the tests look. With NATS_URL there is nothing to do: that server is used.
 */
export async function ensureNatsServer(root, env) {
  if (env.NATS_URL) return;
  const cacheDir = join(root, '.cache');
  const pathFile = join(cacheDir, 'nats-server-path');
  if (env.NATS_SERVER) {
    await checkVersion(env.NATS_SERVER, 'NATS_SERVER');
    return;
  }
  if (existsSync(pathFile) && isExecutable(readFileSync(pathFile, 'utf8').trim())) return;

  const binDir = join(cacheDir, 'bin');
  mkdirSync(binDir, { recursive: true });
  const found = (await findUsable(binDir, env)) ?? (await install(binDir));
  writeFileSync(pathFile, `${found}\n`);
}

async function findUsable(binDir, env) {
  const onPath = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...onPath, ...SYSTEM_FOLDERS, binDir]) {
    const candidate = join(folder, 'nats-server');
    if (!isExecutable(candidate)) continue;
    try {
      const version = await checkVersion(candidate, 'PATH');
      say(`Using nats-server ${version} (${candidate})`);
      return candidate;
    } catch (error) {
      say(`Not using ${candidate}: ${error.message}`);
    }
  }
  return null;
}

async function install(binDir) {
  say('nats-server is not installed; trying to install it.');
  for (const source of [installFromRelease, installFromGo, installFromApt, installFromBrew]) {
    const startedAt = Date.now();
    try {
      const binary = await source({ binDir, announce: (what) => say(`  ${what} ...`) });
      const version = await checkVersion(binary, 'the installed one');
      say(`  nats-server ${version} is ready after ${seconds(Date.now() - startedAt)} (${binary})`);
      return binary;
    } catch (error) {
      say(`    not possible: ${error.message}`);
    }
  }
  throw new SetupError(
    'nats-server could not be installed. Do one of these and run npm run setup again:\n' +
      '  - install it (https://docs.nats.io/running-a-nats-service/introduction/installation) so that it is on PATH;\n' +
      '  - set NATS_SERVER to the path of a nats-server binary;\n' +
      '  - set NATS_URL to a running NATS with JetStream, e.g. NATS_URL=nats://127.0.0.1:4222.',
  );
}

async function checkVersion(binary, origin) {
  let output;
  try {
    output = await runCommand(binary, ['--version'], { timeoutMs: 10_000 });
  } catch (error) {
    throw new SetupError(`${binary} (from ${origin}) does not run: ${error.message}`, {
      cause: error,
    });
  }
  const version = /(\d+)\.(\d+)\.\d+\S*/.exec(output);
  const [major, minor] = version ? [Number(version[1]), Number(version[2])] : [0, 0];
  if (major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1])) {
    throw new SetupError(`${output.trim()} is older than ${VERSION_MIN.join('.')}`);
  }
  return version[0];
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Absent and not executable are the same to us: it cannot be used.
  }
}
