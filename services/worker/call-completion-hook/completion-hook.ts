import type { HookResponse } from '#libs/compute/compute.port.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import { type HandlerCalls, HandlerConnection } from '../handler-connection.ts';

const FINAL_STATUSES: ReadonlySet<number | null> = new Set([200, 404, 405]);

/**
 * Tells the handler that the job is complete. An answer that ends the matter (200, or 404 and 405
 * for a handler without such a route) is remembered and given again; after any other the handler
 * is asked again. Its `X-Cortex-Hook-ID` is the same each time, so a handler can tell.
 */
export class CompletionHook {
  private readonly head: string;
  private answer: Promise<HookResponse> | null = null;

  constructor(
    jobId: JobId,
    handlerPort: number,
    private readonly connection: HandlerCalls = new HandlerConnection(handlerPort),
  ) {
    this.head =
      `POST /on-job-complete HTTP/1.1\r\nHost: 127.0.0.1:${handlerPort}\r\n` +
      `Content-Type: application/json\r\nX-Cortex-Job-ID: ${jobId}\r\nX-Cortex-Hook-ID: ${jobId}\r\n`;
  }

  /** @param body JSON */
  call(body: string): Promise<HookResponse> {
    this.answer ??= this.ask(body);
    return this.answer;
  }

  /** Breaks the call in flight, if there is one. */
  destroy(): void {
    this.connection.destroy();
  }

  private async ask(body: string): Promise<HookResponse> {
    const result = await this.connection.send(this.head, Buffer.from(body));
    const response: HookResponse =
      result.kind === 'answered'
        ? { status: result.status, message: result.text }
        : { status: null, message: result.kind === 'cut' ? 'the worker left' : result.message };
    if (!FINAL_STATUSES.has(response.status)) this.answer = null;
    return response;
  }
}
