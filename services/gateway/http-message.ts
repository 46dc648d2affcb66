import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { badRequest, RequestRefused } from './request-refused.ts';

/** What the gateway uses of a Fastify request. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body is read from here; nothing parses it before. */
  readonly raw: IncomingMessage;
}

/** What the gateway uses of a Fastify reply. */
export interface HttpReply {
  readonly sent: boolean;
  /** The answer itself, for what is sent piece by piece, after `hijack`. */
  readonly raw: ServerResponse;
  /** From here on the framework leaves the answer alone. */
  hijack(): unknown;
  code(status: number): HttpReply;
  headers(headers: Readonly<Record<string, string>>): HttpReply;
  type(contentType: string): HttpReply;
  send(body: string | Uint8Array): unknown;
}

/** Path without trailing slashes, and query of a request. */
export function targetOf({ url }: Pick<HttpRequest, 'url'>): {
  readonly path: string;
  readonly query: URLSearchParams;
} {
  const queryStart = url.indexOf('?');
  const path = queryStart === -1 ? url : url.slice(0, queryStart);
  const query = queryStart === -1 ? '' : url.slice(queryStart + 1);
  return { path: path.replace(/\/+$/, ''), query: new URLSearchParams(query) };
}

/** `http://<host>` as the sender of the request knows us, or as we are told we are known. */
export const baseUrlOf = (
  { headers }: Pick<HttpRequest, 'headers'>,
  publicUrl: string | null,
): string => publicUrl ?? `http://${headers.host ?? 'localhost'}`;

/**
 * Reads a request's body as it was sent.
 *
 * @throws RequestRefused 413 when it is longer than `bytesMax`; what follows is not kept
 */
export async function readBody(
  { raw }: Pick<HttpRequest, 'raw'>,
  bytesMax: number,
): Promise<Buffer> {
  if (Number(raw.headers['content-length']) > bytesMax) throw tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    // `destroyOnReturn` would cut the connection before the refusal is sent.
    for await (const chunk of raw.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) continue;
      sizeBytes += chunk.length;
      if (sizeBytes > bytesMax) throw tooLarge(bytesMax);
      chunks.push(chunk);
    }
  } catch (error) {
    raw.resume(); // The sender reads our answer only when it has got rid of the rest.
    if (error instanceof RequestRefused) throw error;
    throw badRequest('request.incomplete', 'the request ended before its body was complete');
  }
  return Buffer.concat(chunks, sizeBytes);
}

const tooLarge = (bytesMax: number): RequestRefused =>
  new RequestRefused({
    status: 413,
    kind: 'request.too_large',
    message: `the request body exceeds the limit (${bytesMax} bytes)`,
  });

export function sendJson(reply: HttpReply, json: string, status = 200): void {
  void reply.code(status).type('application/json; charset=utf-8').send(json);
}
