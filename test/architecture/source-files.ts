import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { SourceFile } from './tidy-rules.ts';

export const root = join(import.meta.dirname, '../..');

/** Every TypeScript file of libs/, services/ and test/. */
export function sourceFiles(): readonly SourceFile[] {
  return ['libs', 'services', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((file) => ({
        path: relative(root, file).split(sep).join('/'),
        text: readFileSync(file, 'utf8'),
      })),
  );
}
