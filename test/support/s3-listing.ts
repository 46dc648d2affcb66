/** The keys of a bucket, by a function of their place. */
export interface GeneratedKeys {
  readonly count: number;
  /** Ascending by UTF-8 bytes. */
  readonly keyAt: (index: number) => string;
  /** 1 unless given. */
  readonly sizeBytesAt?: (index: number) => number;
}

const PAGE_KEYS_MAX = 1000;

/** In the order that S3 lists them. */
export const generatedKeys = (keys: readonly string[]): GeneratedKeys => {
  const ordered = keys.toSorted(byBytes);
  return { count: ordered.length, keyAt: (index) => ordered[index] ?? '' };
};

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** How many keys are not greater than `key`. */
export function indexBehind({ count, keyAt }: GeneratedKeys, key: string): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byBytes(keyAt(middle), key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The answer to ListObjectsV2. A continuation token is the index of the next key. */
export function listingXml(asked: {
  readonly bucket: string;
  readonly keys: GeneratedKeys;
  readonly query: URLSearchParams;
  readonly etag: string;
}): string {
  const { keys, query, etag } = asked;
  const prefix = query.get('prefix') ?? '';
  const isEncoded = query.get('encoding-type') === 'url';
  const write = isEncoded ? encodeAsForm : escapeXml;
  const pageKeysMax = Math.min(PAGE_KEYS_MAX, Number(query.get('max-keys') ?? PAGE_KEYS_MAX));
  const first = firstIndex(keys, prefix, query);
  const entries: string[] = [];
  let index = first;
  for (; index < keys.count && entries.length < pageKeysMax; index++) {
    const key = keys.keyAt(index);
    if (!key.startsWith(prefix)) break;
    entries.push(
      `<Contents><Key>${write(key)}</Key><LastModified>2030-01-01T00:00:00.000Z</LastModified>` +
        `<ETag>${escapeXml(etag)}</ETag><Size>${keys.sizeBytesAt?.(index) ?? 1}</Size>` +
        '<StorageClass>STANDARD</StorageClass></Contents>',
    );
  }
  const isTruncated = index < keys.count && keys.keyAt(index).startsWith(prefix);
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    `<Name>${asked.bucket}</Name><Prefix>${write(prefix)}</Prefix><KeyCount>${entries.length}</KeyCount>` +
    `<MaxKeys>${pageKeysMax}</MaxKeys><IsTruncated>${isTruncated}</IsTruncated>` +
    (isEncoded ? '<EncodingType>url</EncodingType>' : '') +
    (isTruncated ? `<NextContinuationToken>${index}</NextContinuationToken>` : '') +
    `${entries.join('')}</ListBucketResult>`
  );
}

function firstIndex(keys: GeneratedKeys, prefix: string, query: URLSearchParams): number {
  const token = query.get('continuation-token');
  if (token !== null) return Number(token);
  const startAfter = query.get('start-after') ?? '';
  const isBehindPrefix = byBytes(startAfter, prefix) >= 0;
  if (isBehindPrefix && startAfter !== '') return indexBehind(keys, startAfter);
  const index = indexBehind(keys, prefix);
  return prefix !== '' && index > 0 && keys.keyAt(index - 1) === prefix ? index - 1 : index;
}

/** As S3 does: a space is a plus, a slash stays. */
const encodeAsForm = (key: string): string =>
  encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');

const escapeXml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
