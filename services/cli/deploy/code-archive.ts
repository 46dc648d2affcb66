import { Pack } from 'tar';
import { CommandFailed } from '../cli.ts';

const ARCHIVE_BYTES_MAX = 32 * 1024 * 1024;
const EPOCH = new Date(0);

/**
 * A gzipped tar of `files`. Equal files give equal bytes, whoever packs them and when, because the
 * gateway takes other bytes for other code: no times, no owners, the order as given.
 *
 * @param files relative to `folder`
 * @throws CommandFailed when it would be over 32 MiB
 */
export async function archiveCode(
  folder: string,
  files: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const pack = new Pack({
    cwd: folder,
    gzip: true,
    portable: true,
    mtime: EPOCH,
    follow: true,
    strict: true,
  });
  for (const file of files) pack.add(file);
  pack.end();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of pack) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > ARCHIVE_BYTES_MAX) throw tooLarge(folder);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

const tooLarge = (folder: string): CommandFailed =>
  new CommandFailed(
    `the code in ${folder} is over ${formatSize(ARCHIVE_BYTES_MAX)} when packed; list what handlers ` +
      'do not need in .cortexignore, or deploy with --no-code',
  );

/** `812 B`, `1.2 KiB`, `32 MiB`. */
export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  const isKibibytes = sizeBytes < 1024 * 1024;
  const value = sizeBytes / (isKibibytes ? 1024 : 1024 * 1024);
  return `${Number(value.toFixed(1))} ${isKibibytes ? 'KiB' : 'MiB'}`;
}
