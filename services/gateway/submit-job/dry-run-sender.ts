import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Logger } from '#libs/platform/logger.ts';
import type { HttpReply } from '../http-message.ts';
import { problemOf } from '../problem-of.ts';
import type { DryRun, DryRunFormat } from './dry-run.ts';
import type { Submission } from './submission.ts';

const CONTENT_TYPE: Readonly<Record<DryRunFormat, string>> = {
  text: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** Sends the answer of a dry run while it is made: a listing may be longer than memory. */
export class DryRunSender {
  constructor(
    private readonly dryRun: Pick<DryRun, 'answer'>,
    private readonly logger: Logger,
  ) {}

  /**
   * Sends as fast as the client takes it; a client that goes away ends the listing. An answer that
   * breaks off ends with a line `error: …`, in JSON in the middle, and its connection is cut, so that
   * nobody takes it for the whole.
   *
   * @throws what comes before the first file; nothing has been sent then
   */
  async send(
    reply: HttpReply,
    { submission, format }: { readonly submission: Submission; readonly format: DryRunFormat },
  ): Promise<void> {
    const { raw } = reply;
    const gone = new AbortController();
    raw.once('close', () => gone.abort());
    const pieces = this.dryRun.answer(submission, { format, signal: gone.signal });
    try {
      const first = await pieces.next();
      reply.hijack();
      raw.writeHead(200, { 'Content-Type': CONTENT_TYPE[format] });
      await write(raw, first.value ?? '', gone.signal);
      for await (const piece of pieces) await write(raw, piece, gone.signal);
      raw.end();
    } catch (error) {
      if (gone.signal.aborted) return;
      if (!raw.headersSent) throw error;
      this.breakOff(raw, format, error);
    } finally {
      gone.abort();
      await pieces.return(undefined);
    }
  }

  private breakOff(raw: ServerResponse, format: DryRunFormat, error: unknown): void {
    this.logger.error({ err: error }, 'a dry run broke off');
    const message = problemOf(error)?.message ?? 'something went wrong in the gateway';
    // Only what the socket has taken gets to the client before the cut.
    raw.write(format === 'text' ? `error: ${message}\n` : ' ', () => raw.destroy());
  }
}

/** Resolves when there is room for more. */
async function write(raw: ServerResponse, piece: string, signal: AbortSignal): Promise<void> {
  if (!raw.write(piece)) await once(raw, 'drain', { signal });
}
