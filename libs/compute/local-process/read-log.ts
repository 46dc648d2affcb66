import { open } from 'node:fs/promises';

/** Bytes of a file from `offset` on, at most `bytesMax`; `null` when there is no such file. */
export async function readLogBytes(
  file: string,
  offset: number,
  bytesMax: number,
): Promise<Uint8Array | null> {
  const handle = await open(file).catch((error: unknown) => {
    if (isNotFound(error)) return null;
    throw error;
  });
  if (handle === null) return null;
  try {
    const bytes = new Uint8Array(bytesMax);
    const { bytesRead } = await handle.read(bytes, 0, bytesMax, offset);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

const isNotFound = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
