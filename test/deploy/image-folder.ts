import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type DockerCopy, dockerStages } from './dockerfile.ts';

const root = join(import.meta.dirname, '../..');
const WORKDIR = '/app/';

/**
 * A folder with what a stage has in its working directory: the copies of the Dockerfile, done here. Of other
 * stages only the result is known: node_modules without development packages, and dist/.
 */
export function makeStageFolder(stage: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-image-'));
  const copies = dockerStages().get(stage)?.copies ?? [];
  for (const copy of copies) replay(copy, folder);
  return folder;
}

function replay({ from, sources, target }: DockerCopy, folder: string): void {
  for (const source of sources) {
    const path = source.startsWith(WORKDIR) ? source.slice(WORKDIR.length) : source;
    const isFolder = statSync(join(root, path)).isDirectory();
    // As COPY does it: a folder's contents go to the target, a file into it when it ends with a slash.
    const to = join(
      folder,
      isFolder || !target.endsWith('/') ? target : join(target, basename(path)),
    );
    if (from === 'dependencies') linkProductionPackages(to);
    else linkTree(join(root, path), to);
  }
}

/** What the stage `dependencies` takes away from what npm installs. */
const TAKEN_AWAY = /^node_modules\/@?typescript(\/|$)|\.d\.([cm]?ts)$|\.map$/;

/** What `npm ci --omit=dev` installs, from the node_modules that there is. */
function linkProductionPackages(target: string): void {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { readonly dev?: boolean }>;
  };
  const wanted = Object.entries(packages).filter(
    // Optional ones of other platforms are in the lock file only.
    ([path, { dev }]) =>
      path !== '' && dev !== true && !TAKEN_AWAY.test(path) && existsSync(join(root, path)),
  );
  for (const [path] of wanted) {
    linkTree(join(root, path), join(dirname(target), path), { isPackage: true });
  }
}

function linkTree(source: string, target: string, { isPackage = false } = {}): void {
  if (!statSync(source).isDirectory()) return link(source, target);
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    // Packages inside of packages have entries of their own.
    if (isPackage && (entry.name === 'node_modules' || TAKEN_AWAY.test(entry.name))) continue;
    linkTree(join(source, entry.name), join(target, entry.name), { isPackage });
  }
}

/** Links cost nothing; a temporary folder on another disk cannot have them. */
function link(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}
