import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';
import { say, seconds, SetupError } from './say.mjs';

/** The oldest Node that all dependencies run on; the `node` package brings a newer one. */
const NODE_MIN = [22, 19];
const INSTALL_MS_MAX = 15 * 60_000;
/** How far apart one run of npm writes its two lock files, at most. */
const SAME_RUN_MS = 5000;

/**
 * Brings node_modules in line with package-lock.json, and sees to it that
 * `node_modules/.bin/node` is new enough to run the platform, whatever Node the machine has.
 */
export async function ensureDependencies(root) {
  const stampFile = join(root, 'node_modules', '.cortex-setup');
  const wanted = stampOf(root);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  if (!isInstalledByHand(root)) await install(root);
  await ensureNode(root);
  writeFileSync(stampFile, wanted);
}

/** Packages with compiled parts differ per platform, so a copied checkout installs its own. */
function stampOf(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
}

/**
 * Whether somebody ran npm since package-lock.json last changed: npm leaves its own copy of it, written
 * in the same run as the lock file itself.
 */
function isInstalledByHand(root) {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const lockChangedAt = statSync(join(root, 'package-lock.json')).mtimeMs;
  return statSync(hidden).mtimeMs >= lockChangedAt - SAME_RUN_MS;
}

async function install(root) {
  say('Installing dependencies (npm ci); the first time takes about a minute ...');
  const startedAt = Date.now();
  try {
    await npm(root, 'ci');
  } catch (error) {
    if (!error.message.includes('EUSAGE')) throw notInstalled(error);
    // The lock file was made on another platform and lacks this one's optional packages.
    say('  package-lock.json is not complete for this machine; completing it (npm install) ...');
    await npm(root, 'install', '--no-save').catch((second) => {
      throw notInstalled(second);
    });
  }
  say(`  dependencies installed in ${seconds(Date.now() - startedAt)}`);
}

function npm(root, ...args) {
  return runCommand('npm', [...args, '--no-audit', '--no-fund'], {
    title: 'installing dependencies',
    timeoutMs: INSTALL_MS_MAX,
    cwd: root,
    showsOutput: (line) => /npm (error|ERR!)/.test(line) && !line.includes('EBADENGINE'),
  });
}

const notInstalled = (error) =>
  new SetupError(
    `The dependencies could not be installed: ${error.message}\nCheck the connection to the npm registry (npm ping) and run npm run setup again.`,
    { cause: error },
  );

/** npm may have been told not to run install scripts, which is how the `node` package gets its binary. */
async function ensureNode(root) {
  const binary = join(root, 'node_modules', '.bin', 'node');
  if (isNewEnough(versionOf(binary))) return;
  const packageDir = join(root, 'node_modules', 'node');
  say('Fetching the Node that the platform runs on, which npm ci did not do ...');
  try {
    await runCommand(process.execPath, ['installArchSpecificPackage.js'], {
      title: 'fetching Node',
      timeoutMs: INSTALL_MS_MAX,
      cwd: packageDir,
    });
  } catch (error) {
    say(`  that failed: ${error.message}`);
  }
  if (isNewEnough(versionOf(binary))) return;
  if (!isNewEnough(process.version)) {
    throw new SetupError(
      `The platform needs Node ${NODE_MIN.join('.')} or newer; this is ${process.version} and node_modules/.bin/node does not run.\n` +
        'Install a newer Node, or allow the install script of the package "node" and run: npm rebuild node',
    );
  }
  say(`  using this Node (${process.version}) instead`);
  const target = join(packageDir, 'bin', 'node');
  mkdirSync(join(packageDir, 'bin'), { recursive: true });
  rmSync(target, { force: true });
  symlinkSync(process.execPath, target);
}

function versionOf(binary) {
  try {
    return execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return ''; // Absent or not runnable: for the caller that is the same as too old.
  }
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.replace('v', '').split('.').map(Number);
  return major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
}
