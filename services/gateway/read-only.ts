import type { ServerResponse } from 'node:http';

const IMPORT_PATH = '/v1/audit/import';
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Answers 403 to whatever is no reading; of use as Fastify's `onRequest`. */
export function refuseWrites(
  { method, url }: { readonly method: string; readonly url: string },
  { raw }: { readonly raw: ServerResponse; hijack(): unknown },
  next: () => void,
): void {
  if (READING.has(method) || url.split('?')[0]?.replace(/\/+$/, '') === IMPORT_PATH) return next();
  const message = `this platform only reads (READ_ONLY=true), so ${method} is refused`;
  raw.writeHead(403, { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' });
  raw.end(JSON.stringify({ kind: 'platform.read_only', message }));
}
