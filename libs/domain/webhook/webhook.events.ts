import type { Event } from '../kernel/decider.ts';
import type { JobId } from '../kernel/ids.ts';
import type { Reason } from '../job/job.events.ts';

/** The receiver was told that the job has ended, and took it. */
export type WebhookDelivered = Event<
  'WebhookDelivered',
  {
    readonly jobId: JobId;
    readonly url: string;
    readonly attempt: number;
    readonly httpStatus: number;
  }
>;

/**
 * An attempt to tell the receiver failed, and what follows from it:
 *
 * - `retry`: it is told again at `retryAt`
 * - `give-up`: it is not told any more
 * - `disable`: nor is it of the API's later jobs, until the API is deployed again
 */
export type WebhookFailed = Event<
  'WebhookFailed',
  {
    readonly jobId: JobId;
    readonly url: string;
    readonly attempt: number;
    readonly reason: Reason;
    readonly next: 'retry' | 'give-up' | 'disable';
    /** RFC 3339, UTC, milliseconds; `null` unless `next` is `retry`. */
    readonly retryAt: string | null;
  }
>;

export type WebhookEvent = WebhookDelivered | WebhookFailed;
