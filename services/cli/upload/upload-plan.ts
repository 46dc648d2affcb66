import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { CommandFailed, UsageError } from '../cli.ts';

export interface Target {
  readonly bucket: string;
  /** A key, or what keys begin with: then it is empty or ends with a slash. */
  readonly key: string;
}

export interface PlannedFile {
  readonly file: string;
  readonly key: string;
  readonly sizeBytes: number;
}

/** @throws UsageError when it is no `s3://bucket/prefix/` */
export function parseTarget(text: string): Target {
  const [, bucket, key = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text) ?? [];
  if (bucket === undefined) {
    throw new UsageError(`the last argument says where to, as s3://BUCKET/PREFIX/; got ${text}`);
  }
  return { bucket, key };
}

/**
 * Which file gets which key: below a prefix its name, in a folder its path from there. A target that
 * does not end with a slash is the key of the one file there is.
 *
 * @throws CommandFailed when a file cannot be read
 */
export async function planUpload(
  paths: readonly string[],
  { key: target }: Target,
  { isRecursive }: { readonly isRecursive: boolean },
): Promise<readonly PlannedFile[]> {
  const isPrefix = target === '' || target.endsWith('/');
  const planned: PlannedFile[] = [];
  for (const path of paths) {
    const info = await statOf(path);
    if (!info.isDirectory()) {
      const key = isPrefix ? target + basename(path) : target;
      planned.push({ file: path, key, sizeBytes: info.size });
      continue;
    }
    if (!isRecursive) throw new CommandFailed(`${path} is a folder; -r uploads what is in it`);
    const prefix = isPrefix ? target : `${target}/`;
    for (const file of await filesBelow(path)) {
      const key = prefix + relative(path, file).split(sep).join('/');
      planned.push({ file, key, sizeBytes: (await statOf(file)).size });
    }
  }
  if (planned.length === 0) throw new CommandFailed('there are no files to upload');
  checkKeys(planned);
  return planned;
}

function checkKeys(planned: readonly PlannedFile[]): void {
  const byKey = new Map<string, string>();
  for (const { file, key } of planned) {
    const other = byKey.get(key);
    if (other !== undefined) {
      throw new UsageError(
        `${other} and ${file} would both become ${key}; end the target with a slash, or upload them one by one`,
      );
    }
    byKey.set(key, file);
  }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const why = isAbsent ? 'there is no such file' : String(error);
    throw new CommandFailed(`cannot read ${path}: ${why}`, { cause: error });
  }
}
