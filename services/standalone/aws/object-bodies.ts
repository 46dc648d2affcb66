import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * The bytes of objects: a file each, under a name of its own. Keys cannot be file names: `a` and
 * `a/b` are both keys, and so are `../x` and 1,024 bytes of anything.
 */
export class ObjectBodies {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** @returns the name of the new file */
  write(bytes: Uint8Array): string {
    const name = randomUUID();
    writeFileSync(this.path(name), bytes);
    return name;
  }

  /** Joins files into one; one at a time is in memory. @returns the name of the new file */
  join(files: readonly string[]): string {
    const name = randomUUID();
    const [first, ...others] = files;
    if (first === undefined) writeFileSync(this.path(name), '');
    else copyFileSync(first, this.path(name));
    for (const file of others) appendFileSync(this.path(name), readFileSync(file));
    return name;
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  remove(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  /** Deletes what a death between writing and recording left behind. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of readdirSync(this.folder)) if (!names.has(name)) this.remove(name);
  }
}
