import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Position } from '#libs/domain/platform-event.ts';
import type { JobAddress, LogEntry } from '#libs/event-store/event-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { HttpReply } from '../http-message.ts';
import { eventDocument } from './event-document.ts';
import { type FollowEventsDeps, followEvents } from './follow-events.ts';
import type { ReadEventsQuery } from './read-events-query.ts';

/** Proxies cut connections that are silent for a minute. */
const KEEP_ALIVE_MS = 15_000;
/** A stream that breaks off is asked for again by the client; this is how long it waits first. */
const RETRY_MS = 1000;

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  Connection: 'close', // A gateway that stops waits for connections that could be used again.
  'X-Accel-Buffering': 'no', // nginx would hold events back.
};

interface EventStream {
  readonly job: JobAddress;
  readonly after: Position;
  readonly types: ReadEventsQuery['types'];
}

/** Sends a job's events as they come: `text/event-stream`, one event each, whose id is its position. */
export class EventStreamSender {
  private readonly stopping = new AbortController();

  constructor(private readonly deps: FollowEventsDeps & { readonly logger: Logger }) {}

  /** Ends with a last event `end`, which tells clients not to come back; without it they resume. */
  async send(reply: HttpReply, { job, after, types }: EventStream): Promise<void> {
    const { raw } = reply;
    const gone = new AbortController();
    raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.stopping.signal]);
    reply.hijack();
    raw.writeHead(200, HEADERS);
    const keepAlive = setInterval(() => raw.write(':\n\n'), KEEP_ALIVE_MS).unref();
    try {
      await write(raw, `retry: ${RETRY_MS}\n\n`, signal);
      for await (const entry of followEvents(this.deps, job, { after, signal })) {
        const message = messageOf(job, entry, types);
        if (message !== null) await write(raw, message, signal);
      }
      if (!signal.aborted) raw.write('event: end\ndata: {}\n\n');
    } catch (error) {
      if (!signal.aborted)
        this.deps.logger.warn({ err: error, ...job }, 'an event stream broke off');
    } finally {
      clearInterval(keepAlive);
      raw.end();
      gone.abort();
    }
  }

  /** Ends all streams: clients resume at another instance. */
  close(): void {
    this.stopping.abort();
  }
}

function messageOf(
  job: JobAddress,
  entry: LogEntry,
  types: ReadEventsQuery['types'],
): string | null {
  if (entry.kind !== 'event' || types?.has(entry.logged.event.type) === false) return null;
  // A line end in a document stands between tokens only, where a blank means the same.
  const document = eventDocument(job, entry.logged).replaceAll(/[\r\n]+/g, ' ');
  return `id: ${entry.logged.position}\ndata: ${document}\n\n`;
}

/** Resolves when there is room for more. */
async function write(raw: ServerResponse, piece: string, signal: AbortSignal): Promise<void> {
  if (!raw.write(piece)) await once(raw, 'drain', { signal });
}
