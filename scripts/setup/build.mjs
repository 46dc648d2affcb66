import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.mjs';
import { say, seconds, SetupError } from './say.mjs';

const SOURCE_FOLDERS = ['libs', 'services'];
const BUILD_SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
const BUNDLER = fileURLToPath(new URL('bundle.mjs', import.meta.url));
const NOT_AN_ASSET = /(\.ts|\.md|\.pyc)$/;
const STAMP = '.build-stamp';

/** Compiles libs/ and services/ into dist/, and bundles programs, when a source has changed since the last time. */
export async function ensureBuild(root) {
  if (isBuilt(root)) return;
  const sources = sourcesOf(root);
  const wanted = stampOf(root, sources); // Before it builds: a change meanwhile makes it stale again.
  const stampFile = join(root, 'dist', STAMP);

  say('Building (tsc, esbuild) ...');
  const startedAt = Date.now();
  rmSync(stampFile, { force: true });
  await compile(root);
  copyAssets(root, sources);
  removeOrphans(root);
  await bundle(root);
  writeFileSync(stampFile, wanted);
  say(`  built in ${seconds(Date.now() - startedAt)}`);
}

/** Whether dist/ is what the sources compile to. */
export function isBuilt(root) {
  return readIfThere(join(root, 'dist', STAMP)) === stampOf(root, sourcesOf(root));
}

function sourcesOf(root) {
  return SOURCE_FOLDERS.flatMap((folder) => filesUnder(join(root, folder)));
}

async function compile(root) {
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  try {
    await runCommand(tsc, ['-p', 'tsconfig.build.json'], { title: 'building', cwd: root });
  } catch (error) {
    throw new SetupError(`The sources do not compile.\n${error.message}`, { cause: error });
  }
}

async function bundle(root) {
  const node = join(root, 'node_modules', '.bin', 'node');
  const program = isThere(node) ? node : process.execPath;
  try {
    await runCommand(program, [BUNDLER, root], { title: 'building' });
  } catch (error) {
    throw new SetupError(`The programs cannot be bundled.\n${error.message}`, { cause: error });
  }
}

function copyAssets(root, sources) {
  for (const source of sources) {
    if (NOT_AN_ASSET.test(source)) continue;
    const target = join(root, 'dist', relative(root, source));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
  }
}

/** Deletes what earlier builds left of sources that are gone; a clean dist would break a running platform. */
function removeOrphans(root) {
  const dist = join(root, 'dist');
  for (const built of SOURCE_FOLDERS.flatMap((folder) => filesUnder(join(dist, folder)))) {
    const source = join(root, relative(dist, built).replace(/\.js(\.map)?$/, '.ts'));
    const asset = join(root, relative(dist, built));
    if (!isThere(source) && !isThere(asset)) rmSync(built);
  }
}

/** Names, sizes and times of change: reading every file would cost more than it tells. */
function stampOf(root, sources) {
  const hash = createHash('sha256');
  for (const file of [BUNDLER, ...BUILD_SETTINGS.map((name) => join(root, name)), ...sources]) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function filesUnder(folder) {
  if (!isThere(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === '__pycache__') return [];
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

function isThere(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function readIfThere(file) {
  return isThere(file) ? readFileSync(file, 'utf8') : null;
}
