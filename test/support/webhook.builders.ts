import type { WebhookDelivered, WebhookFailed } from '#libs/domain/webhook/webhook.events.ts';
import { A_JOB } from './job.builders.ts';

type Changes<T extends { readonly data: object }> = Partial<T['data']>;

const url = 'https://example.com/hook';

export const webhookDelivered = (changes: Changes<WebhookDelivered> = {}): WebhookDelivered => ({
  type: 'WebhookDelivered',
  data: { jobId: A_JOB, url, attempt: 1, httpStatus: 200, ...changes },
});
export const webhookFailed = (changes: Changes<WebhookFailed> = {}): WebhookFailed => ({
  type: 'WebhookFailed',
  data: {
    jobId: A_JOB,
    url,
    attempt: 1,
    reason: { kind: 'webhook.status', message: 'the receiver answered 500' },
    next: 'retry',
    retryAt: '2026-11-23T11:00:00.000Z',
    ...changes,
  },
});
