import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { type InputFile, InputFileRefused, type InputLocation } from '../input-files.port.ts';

/** The files of a page of a listing, by ascending UTF-8 bytes of their keys. */
export function listedFiles(page: ListObjectsV2CommandOutput, bucket: string): InputFile[] {
  const isEncoded = page.EncodingType === 'url';
  const files: InputFile[] = [];
  let isOrdered = true;
  for (const { Key = '', Size = 0, ETag = '' } of page.Contents ?? []) {
    const key = isEncoded ? decodeKey(Key, bucket) : Key;
    isOrdered &&= files.length === 0 || isBefore(files.at(-1)?.key ?? '', key);
    files.push({ bucket, key, sizeBytes: Size, etag: ETag });
  }
  // Some stores order a page by locale.
  return isOrdered ? files : files.sort((a, b) => (isBefore(a.key, b.key) ? -1 : 1));
}

/**
 * Keys may hold characters that XML cannot, so S3 is asked to encode them, which it does as forms
 * are: a space is a plus.
 */
function decodeKey(encoded: string, bucket: string): string {
  if (!/[%+]/.test(encoded)) return encoded;
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    throw new InputFileRefused(
      'aws.request_refused',
      `s3://${bucket} lists a key that is not encoded as a URL, though the store says so: ${encoded}`,
    );
  }
}

/**
 * @returns the greatest key so far
 * @throws InputFileRefused when the page goes back: the listing could not be resumed behind a key,
 *   and files would be lost without a word
 */
export function ascended(
  lastKey: string | null,
  files: readonly InputFile[],
  { bucket, prefix }: InputLocation,
): string | null {
  const [first] = files;
  if (first === undefined) return lastKey;
  if (lastKey !== null && !isBefore(lastKey, first.key))
    throw new InputFileRefused(
      'aws.request_refused',
      `s3://${bucket}/${prefix} is not listed in the order of its keys (${first.key} came after ${lastKey}), ` +
        'so no job can be sure to see every file; use a general purpose bucket of a store that orders keys by their bytes',
    );
  return files.at(-1)?.key ?? lastKey;
}

/** By UTF-8 bytes, which is the order of UTF-16 units but for what is beyond U+D7FF. */
function isBefore(a: string, b: string): boolean {
  if (!BEYOND_D7FF.test(a) || !BEYOND_D7FF.test(b)) return a < b;
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

const BEYOND_D7FF = /[\uD800-\uFFFF]/;
