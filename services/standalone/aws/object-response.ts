import { createReadStream, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { IncomingHttpHeaders } from 'node:http';
import { escapeXml } from './list-response.ts';
import type { S3Object } from './fauxqs-parts.ts';

export interface ObjectResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Readable | string;
}

/** Answers GetObject from the file, a chunk at a time; fauxqs reads all of it for every range. */
export function objectResponse(
  object: S3Object,
  { file, headers }: { readonly file: string; readonly headers: IncomingHttpHeaders },
): ObjectResponse {
  const facts = headersOf(object);
  const refused = conditionalStatus(object, headers);
  if (refused === 304) return { status: 304, headers: facts, body: '' };
  if (refused === 412) return refusal(412, 'PreconditionFailed', 'A condition does not hold.');
  const total = object.contentLength;
  const range = headers.range === undefined ? null : parseRange(headers.range, total);
  if (range === 'unsatisfiable') {
    return refusal(416, 'InvalidRange', 'The requested range is not satisfiable.');
  }
  if (range === null) {
    const body = total === 0 ? '' : createReadStream(file, { fd: openSync(file, 'r') });
    return {
      status: 200,
      headers: { ...facts, ...checksumOf(object, headers), 'content-length': total },
      body,
    };
  }
  const { start, end } = range;
  return {
    status: 206,
    headers: {
      ...facts,
      'content-length': end - start + 1,
      'content-range': `bytes ${start}-${end}/${total}`,
    },
    body: createReadStream(file, { fd: openSync(file, 'r'), start, end }),
  };
}

function headersOf(object: S3Object): Record<string, string> {
  const optional = {
    'content-language': object.contentLanguage,
    'content-disposition': object.contentDisposition,
    'cache-control': object.cacheControl,
    'content-encoding': object.contentEncoding,
  };
  return {
    'accept-ranges': 'bytes',
    'content-type': object.contentType,
    etag: object.etag,
    'last-modified': object.lastModified.toUTCString(),
    ...Object.fromEntries(
      Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
    ),
    ...Object.fromEntries(
      Object.entries(optional).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    ),
  };
}

function checksumOf(object: S3Object, headers: IncomingHttpHeaders): Record<string, string> {
  const { checksumAlgorithm, checksumValue, checksumType } = object;
  const isWanted = String(headers['x-amz-checksum-mode']).toUpperCase() === 'ENABLED';
  if (!isWanted || checksumAlgorithm === undefined || checksumValue === undefined) return {};
  return {
    [`x-amz-checksum-${checksumAlgorithm.toLowerCase()}`]: checksumValue,
    ...(checksumType !== undefined && { 'x-amz-checksum-type': checksumType }),
  };
}

/** RFC 9110: tags go before times. */
function conditionalStatus(object: S3Object, headers: IncomingHttpHeaders): 200 | 304 | 412 {
  const changedAt = Math.floor(object.lastModified.getTime() / 1000) * 1000; // Headers have seconds.
  const match = headers['if-match'];
  const since = Date.parse(headers['if-unmodified-since'] ?? '');
  if (match === undefined ? changedAt > since : !names(match, object.etag)) return 412;
  const noneMatch = headers['if-none-match'];
  const modifiedSince = Date.parse(headers['if-modified-since'] ?? '');
  const isSame =
    noneMatch === undefined ? changedAt <= modifiedSince : names(noneMatch, object.etag);
  return isSame ? 304 : 200;
}

const names = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.replaceAll('"', '').trim() === etag.replaceAll('"', '');

interface Range {
  readonly start: number;
  readonly end: number;
}

/** `null`: none that S3 reads, so that it sends everything. */
function parseRange(header: string, total: number): Range | 'unsatisfiable' | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, total - Number(last)) : Number(first);
  const end = first === '' || last === '' ? total - 1 : Math.min(Number(last), total - 1);
  if (first !== '' && last !== '' && Number(last) < start) return null;
  return start > end ? 'unsatisfiable' : { start, end };
}

const refusal = (status: number, code: string, message: string): ObjectResponse => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`,
});
