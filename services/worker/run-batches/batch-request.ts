import { randomBytes } from 'node:crypto';
import type { LeasedBatch } from '#libs/batch-queue/batch-queue.port.ts';
import { batchId, type JobId } from '#libs/domain/kernel/ids.ts';

/** `00-<trace id>-<parent id>-<flags>`, the only version of W3C trace context there is. */
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;
const SAMPLED = '01';
const COUNTER_DIGITS = 8;

/**
 * Heads of the requests that hand batches to the handler. All but the batch's own three values is
 * made once.
 */
export class BatchRequests {
  private readonly start: string;
  private readonly trace: string;
  private readonly traceFlags: string;
  private requestCount = 0;

  /** @param traceparent of the submission; without one, all calls of a job share a trace made of its id */
  constructor(
    private readonly jobId: JobId,
    {
      handlerPort,
      traceparent,
    }: { readonly handlerPort: number; readonly traceparent: string | null },
  ) {
    const [, traceId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
    this.start =
      `POST / HTTP/1.1\r\nHost: 127.0.0.1:${handlerPort}\r\nContent-Type: application/json\r\n` +
      `X-Cortex-Job-ID: ${jobId}\r\n`;
    // Span ids are random in their first half and count in the second: unique without a draw per call.
    this.trace = `00-${traceId ?? jobId + jobId}-${randomBytes(4).toString('hex')}`;
    this.traceFlags = flags ?? SAMPLED;
  }

  /** Request line and headers for one attempt at a batch, without `Content-Length`. */
  headOf({ index, attempt }: LeasedBatch): string {
    const spanEnd = (++this.requestCount).toString(16).padStart(COUNTER_DIGITS, '0');
    return (
      `${this.start}X-Cortex-Batch-ID: ${batchId(this.jobId, index)}\r\nX-Cortex-Attempt: ${attempt}\r\n` +
      `traceparent: ${this.trace}${spanEnd}-${this.traceFlags}\r\n`
    );
  }
}
