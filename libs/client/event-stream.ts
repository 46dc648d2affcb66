import { pause } from '#libs/platform/pause.ts';
import { ApiError, GatewayUnreachable } from './client-errors.ts';
import type { HttpExchange } from './http-exchange.ts';

const RETRY_MS = 1000;
/** A gateway that restarts is back sooner. */
const OUTAGE_MS_MAX = 30_000;
/** Longer than any job is looked at in one sitting; the gateway says when there is no more. */
const STREAM_MS_MAX = 2_000_000_000;

/**
 * The data of each event of a stream, which is opened again behind the last one whenever it breaks off.
 *
 * @throws ApiError, GatewayUnreachable when it stays away for 30 seconds
 */
export async function* followEventStream(http: HttpExchange, path: string): AsyncGenerator<string> {
  let lastId: string | null = null;
  let giveUpAtMs = performance.now() + OUTAGE_MS_MAX;
  for (;;) {
    const leaving = new AbortController();
    try {
      const messages = await open(http, { path, lastId, signal: leaving.signal });
      for await (const message of messages) {
        giveUpAtMs = performance.now() + OUTAGE_MS_MAX;
        if (message.event === 'end') return;
        lastId = message.id ?? lastId;
        yield message.data;
      }
    } catch (error) {
      if (error instanceof ApiError && error.status !== 503) throw error;
      if (performance.now() >= giveUpAtMs) {
        throw error instanceof ApiError ? error : new GatewayUnreachable(http.url, error);
      }
    } finally {
      leaving.abort();
    }
    await pause(RETRY_MS);
  }
}

interface Opening {
  readonly path: string;
  readonly lastId: string | null;
  readonly signal: AbortSignal;
}

const open = (
  http: HttpExchange,
  { path, lastId, signal }: Opening,
): Promise<AsyncIterable<StreamMessage>> =>
  http.send(
    {
      method: 'GET',
      path,
      signal,
      timeoutMs: STREAM_MS_MAX,
      headers: {
        accept: 'text/event-stream',
        ...(lastId !== null && { 'last-event-id': lastId }),
      },
    },
    ({ body }) => Promise.resolve(messagesOf(body)),
  );

/** One message of a `text/event-stream`. */
interface StreamMessage {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/**
 * Reads what the gateway writes: lines that end with LF, and each member on one line. The parsers on npm
 * cannot be loaded from our sources, because their packages have a condition named `source` too.
 */
async function* messagesOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
): AsyncGenerator<StreamMessage> {
  let text = '';
  for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = `${text}${piece}`.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const data = memberOf(part, 'data');
      if (data === null) continue;
      yield { id: memberOf(part, 'id'), event: memberOf(part, 'event') ?? 'message', data };
    }
  }
}

const memberOf = (part: string, name: string): string | null =>
  new RegExp(`^${name}: ?(.*)$`, 'm').exec(part)?.[1] ?? null;
