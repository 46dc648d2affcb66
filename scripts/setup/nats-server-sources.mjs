import { createHash } from 'node:crypto';
import { copyFileSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

/**
 * Where `nats-server` may come from. Each function installs it, returns the path of the binary, and
 * throws with the reason when its way is closed on this machine.
 */

const VERSION = 'v2.15.2';
const RELEASES = 'https://github.com/nats-io/nats-server/releases/download';
/** A machine without a way out learns so soon; one with a slow line still gets the 6 MB. */
const CONNECT_MS_MAX = 8_000;
const DOWNLOAD_MS_MAX = 120_000;
const INSTALL_MS_MAX = 10 * 60_000;

export async function installFromRelease({ binDir, announce, releases = RELEASES }) {
  const archive = releaseArchive();
  announce(`downloading the official release ${VERSION}`);
  const sums = await download(`${releases}/${VERSION}/SHA256SUMS`, CONNECT_MS_MAX);
  const expected = checksumOf(sums.toString('utf8'), archive);
  const bytes = await download(`${releases}/${VERSION}/${archive}`, DOWNLOAD_MS_MAX);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected) {
    throw new Error(`${archive} has checksum ${actual} and not ${expected}; it was thrown away`);
  }
  return unpack(bytes, archive, binDir);
}

export async function installFromGo({ binDir, announce }) {
  await requireCommand('go', ['version']);
  announce(`building ${VERSION} with go install, which takes a minute or two`);
  await runCommand('go', ['install', `github.com/nats-io/nats-server/v2@${VERSION}`], {
    title: 'building nats-server',
    timeoutMs: INSTALL_MS_MAX,
    env: { GOBIN: binDir },
  });
  return join(binDir, 'nats-server');
}

export async function installFromApt({ announce }) {
  await requireCommand('apt-get', ['--version']);
  const prefix = process.getuid?.() === 0 ? [] : await passwordlessSudo();
  const aptGet = (args, title) => {
    const [command, ...rest] = [...prefix, ...aptEnvironment(), 'apt-get', ...args];
    return runCommand(command, rest, { title, timeoutMs: INSTALL_MS_MAX });
  };
  const install = ['install', '-y', '--no-install-recommends', 'nats-server'];
  announce('installing the package nats-server with apt-get');
  try {
    await aptGet(install, 'installing nats-server');
  } catch {
    announce('updating the package lists with apt-get first'); // They may be old, or absent.
    await aptGet(['update'], 'updating package lists');
    await aptGet(install, 'installing nats-server');
  }
  return '/usr/sbin/nats-server';
}

export async function installFromBrew({ announce }) {
  await requireCommand('brew', ['--version']);
  announce('installing nats-server with brew');
  await runCommand('brew', ['install', 'nats-server'], {
    title: 'installing nats-server',
    timeoutMs: INSTALL_MS_MAX,
  });
  const prefix = await runCommand('brew', ['--prefix'], {});
  return join(prefix.trim(), 'bin', 'nats-server');
}

/** RUNLEVEL=1 keeps Debian from starting the package's own service, which would take port 4222. */
function aptEnvironment() {
  return ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
}

async function passwordlessSudo() {
  try {
    await runCommand('sudo', ['-n', 'true'], { timeoutMs: 10_000 });
  } catch (error) {
    throw new Error('apt-get needs root, and sudo asks for a password', { cause: error });
  }
  return ['sudo', '-n'];
}

async function requireCommand(command, args) {
  try {
    await runCommand(command, args, { timeoutMs: 10_000 });
  } catch (error) {
    throw new Error(`there is no ${command}`, { cause: error });
  }
}

/** Name of the release's file for this machine. */
export function releaseArchive() {
  const arch = { x64: 'amd64', arm64: 'arm64', arm: 'arm7' }[process.arch];
  if (!['linux', 'darwin'].includes(process.platform) || arch === undefined) {
    throw new Error(`there is no release for ${process.platform} ${process.arch}`);
  }
  return `nats-server-${VERSION}-${process.platform}-${arch}.tar.gz`;
}

async function download(url, timeoutMs) {
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (response.ok) return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw new Error(`${url}: ${error.cause?.message ?? error.message}`, { cause: error });
  }
  throw new Error(`${url}: status ${response.status}`);
}

/** @param sums lines of `<sha256>  <file name>` */
function checksumOf(sums, archive) {
  const line = sums.split('\n').find((candidate) => candidate.trim().endsWith(archive));
  if (line === undefined) throw new Error(`SHA256SUMS does not list ${archive}`);
  return line.trim().split(/\s+/)[0];
}

async function unpack(bytes, archive, binDir) {
  const folder = mkdtempSync(join(tmpdir(), 'nats-server-'));
  try {
    writeFileSync(join(folder, archive), bytes);
    await runCommand('tar', ['-xzf', archive], { cwd: folder });
    const binary = join(binDir, 'nats-server');
    copyFileSync(join(folder, archive.replace('.tar.gz', ''), 'nats-server'), binary);
    chmodSync(binary, 0o755);
    return binary;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
