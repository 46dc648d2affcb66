import { z } from 'zod';
import type { S3Object } from './fauxqs-parts.ts';
import type { KeyOrder } from './key-order.ts';
import { type KeyPage, keyPage } from './key-page.ts';

/** S3 lists no more at a time. */
const KEYS_MAX = 1000;

const text = z.string().default('');
const listQuery = z.object({
  'list-type': text,
  prefix: text,
  delimiter: text,
  marker: text,
  'start-after': text,
  'continuation-token': text,
  'encoding-type': text,
  'max-keys': z.coerce.number().int().min(0).max(KEYS_MAX).catch(KEYS_MAX),
});
type ListQuery = z.infer<typeof listQuery>;

export interface Bucket {
  readonly name: string;
  readonly order: KeyOrder;
  readonly object: (key: string) => S3Object;
}

/**
 * Answers ListObjects and ListObjectsV2. fauxqs sorts by locale and goes on by code unit, so it loses
 * keys of mixed case at the edges of pages, and sorts the whole bucket for each page.
 */
export function listResponse(bucket: Bucket, rawQuery: unknown): string {
  const query = listQuery.parse(rawQuery ?? {});
  const isV2 = query['list-type'] === '2';
  const after = isV2 ? afterOf(query) : query.marker;
  const page = keyPage(bucket.order, {
    prefix: query.prefix,
    delimiter: query.delimiter,
    after,
    countMax: query['max-keys'],
  });
  const isEncoded = query['encoding-type'] === 'url';
  const name = (value: string): string => escapeXml(isEncoded ? urlEncode(value) : value);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    element('Name', bucket.name),
    element('Prefix', name(query.prefix)),
    ...(query.delimiter === '' ? [] : [element('Delimiter', name(query.delimiter))]),
    element('MaxKeys', String(query['max-keys'])),
    ...(isEncoded ? [element('EncodingType', 'url')] : []),
    element('IsTruncated', String(page.next !== null)),
    ...(isV2 ? positionV2(query, page) : positionV1(query, page)).map(([tag, value]) =>
      element(tag, tag.endsWith('Token') ? escapeXml(value) : name(value)),
    ),
    ...page.keys.map((key) => contents(name(key), bucket.object(key))),
    ...page.groups.map((group) => element('CommonPrefixes', element('Prefix', name(group)))),
    '</ListBucketResult>',
  ].join('');
}

type Element = readonly [tag: string, value: string];

function positionV2(query: ListQuery, { keys, groups, next }: KeyPage): readonly Element[] {
  const token = query['continuation-token'];
  return [
    ['KeyCount', String(keys.length + groups.length)],
    ...(query['start-after'] === '' ? [] : [['StartAfter', query['start-after']] as const]),
    ...(token === '' ? [] : [['ContinuationToken', token] as const]),
    ...(next === null
      ? []
      : [['NextContinuationToken', Buffer.from(next).toString('base64url')] as const]),
  ];
}

const positionV1 = (query: ListQuery, { next }: KeyPage): readonly Element[] => [
  ['Marker', query.marker],
  ...(next === null ? [] : [['NextMarker', next] as const]),
];

const afterOf = (query: ListQuery): string =>
  query['continuation-token'] === ''
    ? query['start-after']
    : Buffer.from(query['continuation-token'], 'base64url').toString('utf8');

const contents = (name: string, object: S3Object): string =>
  element(
    'Contents',
    element('Key', name) +
      element('LastModified', object.lastModified.toISOString()) +
      element('ETag', escapeXml(object.etag)) +
      element('Size', String(object.contentLength)) +
      element('StorageClass', 'STANDARD'),
  );

const element = (tag: string, content: string): string => `<${tag}>${content}</${tag}>`;

/** As S3 does it: also a slash stays one. */
const urlEncode = (value: string): string => encodeURIComponent(value).replaceAll('%2F', '/');

const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Control characters as references: parsers would turn a raw carriage return into a line feed. */
export const escapeXml = (value: string): string =>
  // oxlint-disable-next-line no-control-regex
  value.replaceAll(/[&<>"\u0000-\u001f]/g, (char) => NAMED[char] ?? `&#${char.charCodeAt(0)};`);
