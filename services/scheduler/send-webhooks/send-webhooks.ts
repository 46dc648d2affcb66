import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { PendingWebhook } from '#libs/domain/webhook/webhook-backlog.ts';
import { nextAttemptMs, type WebhookRetryRule } from '#libs/domain/webhook/webhook-retry.ts';
import type { WebhookEvent, WebhookFailed } from '#libs/domain/webhook/webhook.events.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { PrivateAddress } from './public-address.ts';
import { SendSlots } from './send-slots.ts';
import { webhookHeaders, webhookMessage } from './webhook-message.ts';
import { sendWebhook } from './webhook-request.ts';

export interface WebhookSettings {
  /** `whsec_…`; without any nothing is sent. */
  readonly secrets: readonly string[];
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  readonly retry: WebhookRetryRule;
}

export interface SendWebhooksDeps {
  readonly store: Pick<EventStore, 'record'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly webhooks: WebhookSettings;
}

/** What is known of all jobs, and waiting for what was recorded meanwhile. */
export interface FollowedJobs {
  readonly view: PlatformView;
  caughtUp(): Promise<void>;
  job(id: JobId): Promise<JobView | null>;
}

/** Requests at a time: one receiver that hangs must not hold up the others for long. */
const SENDS_MAX = 20;
const RETRY_MS = 1000;
/** Longest delay that a Node timer takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const GONE = 410;

/**
 * Tells receivers that jobs have ended, until they take it or their time is over.
 *
 * Like all that the leader does it starts from the log: who is to be told, how often it was tried and
 * when it is due stand there. What a leader that died had sent but not recorded is sent again.
 */
export class SendWebhooks {
  private readonly slots = new SendSlots(SENDS_MAX);
  private readonly busy = new Set<JobId>();

  constructor(
    private readonly followed: FollowedJobs,
    private readonly deps: SendWebhooksDeps,
    private readonly signal: AbortSignal,
  ) {}

  /** Goes on with everything that is due or will be. */
  takeOver(): void {
    for (const jobId of this.followed.view.webhooks.jobIds) this.start(jobId);
  }

  /** Takes jobs that have changed. */
  changed(jobs: Iterable<JobView>): void {
    for (const { end, submitted } of jobs) if (end !== null) this.start(submitted.jobId);
  }

  private start(jobId: JobId): void {
    if (this.busy.has(jobId) || this.pending(jobId) === null) return;
    this.busy.add(jobId);
    void this.seeThrough(jobId).finally(() => this.busy.delete(jobId));
  }

  private async seeThrough(jobId: JobId): Promise<void> {
    while (!this.signal.aborted) {
      const webhook = this.pending(jobId);
      if (webhook === null) return;
      await this.untilDue(webhook);
      try {
        const event = await this.slots.run(() => this.attempt(webhook));
        if (event === null) return;
        await this.record(webhook, event);
        await this.followed.caughtUp();
      } catch (error) {
        this.deps.logger.error({ err: error, jobId }, 'webhook failed inside, will retry');
        await pause(RETRY_MS, this.signal);
      }
    }
  }

  private pending(jobId: JobId): PendingWebhook | null {
    return this.followed.view.webhooks.get(jobId);
  }

  private async untilDue({ dueAt }: PendingWebhook): Promise<void> {
    for (;;) {
      const waitMs = Date.parse(dueAt) - this.deps.clock().getTime();
      if (waitMs <= 0 || this.signal.aborted) return;
      await pause(Math.min(waitMs, TIMER_MS_MAX), this.signal);
    }
  }

  /** @returns what became of it; `null` when somebody else is to see to it */
  private async attempt(webhook: PendingWebhook): Promise<WebhookEvent | null> {
    const { secrets, timeoutMs, allowPrivate } = this.deps.webhooks;
    if (this.signal.aborted) return null;
    if (this.followed.view.webhooks.isDisabled(webhook)) return given(webhook, DISABLED);
    if (secrets.length === 0) return given(webhook, NO_SECRET);
    const message = webhookMessage(await this.endedJob(webhook));
    try {
      const status = await sendWebhook(
        {
          url: webhook.url,
          headers: webhookHeaders(message, secrets, this.deps.clock()),
          body: message.body,
        },
        { timeoutMs, allowPrivate, signal: this.signal },
      );
      return this.answered(webhook, status);
    } catch (error) {
      if (this.signal.aborted) return null;
      const text = messageOf(error);
      if (!(error instanceof PrivateAddress))
        return this.failed(webhook, { kind: 'webhook.no_answer', message: text });
      const { jobId, url } = webhook;
      this.deps.logger.warn({ jobId, url, address: error.address }, 'webhook to a private address');
      return given(webhook, { kind: 'webhook.private_address', message: text });
    }
  }

  private answered(webhook: PendingWebhook, status: number): WebhookEvent {
    const { jobId, url, attempts } = webhook;
    if (status >= 200 && status < 300) {
      const data = { jobId, url, attempt: attempts + 1, httpStatus: status };
      return { type: 'WebhookDelivered', data };
    }
    const reason = { kind: 'webhook.status', message: `the receiver answered ${status}` };
    if (status === GONE) return failedWith(webhook, { reason, next: 'disable', retryAt: null });
    return this.failed(webhook, reason);
  }

  private failed(webhook: PendingWebhook, reason: Reason): WebhookFailed {
    const nextMs = nextAttemptMs(
      {
        jobId: webhook.jobId,
        endedAtMs: Date.parse(webhook.endedAt),
        attempt: webhook.attempts + 1,
        atMs: this.deps.clock().getTime(),
      },
      this.deps.webhooks.retry,
    );
    if (nextMs === null) return given(webhook, reason);
    const retryAt = new Date(nextMs).toISOString();
    return failedWith(webhook, { reason, next: 'retry', retryAt });
  }

  /** Tries until it is stored: what was sent and not recorded would be sent again. */
  private async record({ apiName, jobId }: PendingWebhook, event: WebhookEvent): Promise<void> {
    const fact = { id: eventId(event), at: this.deps.clock().toISOString(), event };
    this.deps.logger.info({ ...event.data, apiName }, event.type);
    while (!this.signal.aborted) {
      try {
        return await this.deps.store.record({ kind: 'webhook', apiName, jobId }, [fact]);
      } catch (error) {
        this.deps.logger.warn({ err: error, jobId }, 'webhook not recorded, will retry');
        await pause(RETRY_MS, this.signal);
      }
    }
  }

  private async endedJob({ jobId }: PendingWebhook): Promise<EndedJob> {
    const job = await this.followed.job(jobId);
    if (job === null || job.end === null) throw new Error(`job ${jobId} is not in the log`);
    return { job, end: job.end };
  }
}

type Reason = WebhookFailed['data']['reason'];
type EndedJob = Parameters<typeof webhookMessage>[0];

const DISABLED: Reason = {
  kind: 'webhook.disabled',
  message: 'the receiver answered 410 before; deploy the API with a change to send to it again',
};
const NO_SECRET: Reason = {
  kind: 'webhook.no_secret',
  message: 'WEBHOOK_SECRET is not set, so nothing can be signed; set it for the scheduler',
};

const given = (webhook: PendingWebhook, reason: Reason): WebhookFailed =>
  failedWith(webhook, { reason, next: 'give-up', retryAt: null });

const failedWith = (
  { jobId, url, attempts }: PendingWebhook,
  what: Pick<WebhookFailed['data'], 'reason' | 'next' | 'retryAt'>,
): WebhookFailed => ({
  type: 'WebhookFailed',
  data: { jobId, url, attempt: attempts + 1, ...what },
});

/** Errors of several addresses of one host come as one without a message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
