import type { ApiName, JobId } from '../kernel/ids.ts';
import { unreachable } from '../kernel/errors.ts';
import type { WebhookEvent } from './webhook.events.ts';

/** A job's end that its receiver has not taken yet. */
export interface PendingWebhook {
  readonly jobId: JobId;
  readonly apiName: ApiName;
  readonly url: string;
  /** When the job ended: RFC 3339, UTC, milliseconds, as all times. */
  readonly endedAt: string;
  /** Attempts that have failed. */
  readonly attempts: number;
  readonly dueAt: string;
}

/** Plain form of a `WebhookBacklog`, for snapshots. */
export interface WebhookBacklogSnapshot {
  readonly pending: readonly PendingWebhook[];
  readonly disabled: readonly (readonly [ApiName, readonly string[]])[];
}

/** Who is still to be told of which job's end, folded from the log. */
export class WebhookBacklog {
  private readonly pending = new Map<JobId, PendingWebhook>();
  /** Receivers that said they are gone, by the API whose jobs told them. */
  private readonly disabled = new Map<ApiName, Set<string>>();

  jobEnded(webhook: Pick<PendingWebhook, 'jobId' | 'apiName' | 'url' | 'endedAt'>): void {
    this.pending.set(webhook.jobId, { ...webhook, attempts: 0, dueAt: webhook.endedAt });
  }

  apply(event: WebhookEvent): void {
    const webhook = this.pending.get(event.data.jobId);
    if (webhook === undefined) return; // What became of it is known; this came twice or late.
    switch (event.type) {
      case 'WebhookDelivered':
        this.pending.delete(webhook.jobId);
        return;
      case 'WebhookFailed': {
        const { next, attempt, retryAt } = event.data;
        if (next === 'disable') this.disable(webhook);
        if (next !== 'retry' || retryAt === null) this.pending.delete(webhook.jobId);
        else if (attempt > webhook.attempts) {
          this.pending.set(webhook.jobId, { ...webhook, attempts: attempt, dueAt: retryAt });
        }
        return;
      }
      default:
        unreachable(event);
    }
  }

  /** Whoever deploys an API has looked at where it reports to. */
  apiDeployed(apiName: ApiName): void {
    this.disabled.delete(apiName);
  }

  /** `null` when nobody is to be told of the job's end any more. */
  get(jobId: JobId): PendingWebhook | null {
    return this.pending.get(jobId) ?? null;
  }

  get jobIds(): readonly JobId[] {
    return [...this.pending.keys()];
  }

  isDisabled({ apiName, url }: Pick<PendingWebhook, 'apiName' | 'url'>): boolean {
    return this.disabled.get(apiName)?.has(url) ?? false;
  }

  snapshot(): WebhookBacklogSnapshot {
    return {
      pending: [...this.pending.values()],
      disabled: Array.from(this.disabled, ([apiName, urls]) => [apiName, [...urls]] as const),
    };
  }

  static restore({ pending, disabled }: WebhookBacklogSnapshot): WebhookBacklog {
    const backlog = new WebhookBacklog();
    for (const webhook of pending) backlog.pending.set(webhook.jobId, webhook);
    for (const [apiName, urls] of disabled) backlog.disabled.set(apiName, new Set(urls));
    return backlog;
  }

  private disable({ apiName, url }: PendingWebhook): void {
    const urls = this.disabled.get(apiName) ?? new Set();
    this.disabled.set(apiName, urls.add(url));
  }
}
