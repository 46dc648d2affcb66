import { z } from 'zod';
import type { WebhookDelivered, WebhookFailed } from '#libs/domain/webhook/webhook.events.ts';
import { jobId, positiveCount, reason } from './kernel.schema.ts';

const told = {
  jobId,
  url: z.string().describe('Where it was sent'),
  attempt: positiveCount.describe('The how-manieth time it was sent'),
};

export const webhookDelivered = z
  .object({ ...told, httpStatus: z.int().describe("The receiver's answer, 200 to 299") })
  .describe('The receiver was told that the job has ended, and took it.') satisfies z.ZodType<
  WebhookDelivered['data']
>;

export const webhookFailed = z
  .object({
    ...told,
    reason,
    next: z
      .enum(['retry', 'give-up', 'disable'])
      .describe("disable: the receiver is gone; not told of the API's later jobs either"),
    retryAt: z.string().nullable().describe('When it is told again; only with retry'),
  })
  .describe(
    'Telling the receiver that the job has ended failed, and what follows from it.',
  ) satisfies z.ZodType<WebhookFailed['data']>;
