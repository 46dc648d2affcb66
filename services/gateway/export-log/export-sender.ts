import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ExportScope } from '#libs/audit/export-line.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { HttpReply } from '../http-message.ts';
import { exportLog } from './export-log.ts';

/** Lines go out in pieces of this size: a piece for each would be most of the work. */
const PIECE_BYTES_MIN = 64 * 1024;

/** Sends an export while it is made, as fast as the client takes it. */
export class ExportSender {
  constructor(
    private readonly store: Pick<EventStore, 'lastPosition' | 'momentAt' | 'followStored'>,
    private readonly logger: Logger,
  ) {}

  /** An export that breaks off lacks its last line, and its connection is cut. */
  async send(reply: HttpReply, scope: ExportScope): Promise<void> {
    const { raw } = reply;
    const gone = new AbortController();
    raw.once('close', () => gone.abort());
    const lines = exportLog(this.store, { scope, signal: gone.signal });
    try {
      const first = await lines.next();
      reply.hijack();
      raw.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
      let piece: Buffer[] = first.done === true ? [] : [first.value];
      let sizeBytes = 0;
      for await (const line of lines) {
        piece.push(line);
        sizeBytes += line.length;
        if (sizeBytes < PIECE_BYTES_MIN) continue;
        await write(raw, Buffer.concat(piece), gone.signal);
        [piece, sizeBytes] = [[], 0];
      }
      raw.end(Buffer.concat(piece));
    } catch (error) {
      if (gone.signal.aborted) return;
      if (!raw.headersSent) throw error;
      this.logger.error({ err: error, ...scope }, 'an export broke off');
      raw.destroy();
    } finally {
      gone.abort();
    }
  }
}

/** Resolves when there is room for more. */
async function write(raw: ServerResponse, piece: Buffer, signal: AbortSignal): Promise<void> {
  if (!raw.write(piece)) await once(raw, 'drain', { signal });
}
