import { Webhook } from 'standardwebhooks';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { encodeEvent } from '#libs/event-store/codec/event-codec.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import { addressOf } from '#libs/event-store/lane.ts';
import { JSON_CONTENT_TYPE } from '#libs/messaging/cloudevents/cloud-event.ts';
import {
  encodeStructured,
  STRUCTURED_CONTENT_TYPE,
} from '#libs/messaging/cloudevents/structured-json.ts';

/** A job that has ended shows no workers, so none that are stalled. */
const NO_WORKERS = { stalledAfterMs: Infinity, nowMs: 0 };

/** What a receiver is told, the same in every attempt. */
export interface WebhookMessage {
  /** Of the `JobCompleted` in the log; receivers know by it what they have had. */
  readonly id: string;
  readonly body: Uint8Array;
}

/** The `JobCompleted` of the log, with the job's last status document as one member more. */
export function webhookMessage({ job, end }: { job: JobView; end: JobEnd }): WebhookMessage {
  const { apiName, jobId } = job.submitted;
  const event = { type: 'JobCompleted', data: end.data } as const;
  const id = eventId(event);
  const body = encodeStructured({
    id,
    ...addressOf({ kind: 'job', apiName, jobId }),
    type: encodeEvent(event).ceType,
    time: end.at,
    datacontenttype: JSON_CONTENT_TYPE,
    data: Buffer.from(
      stringifyWithRaw({ ...end.data, jobStatus: jobStatusDocument(job, NO_WORKERS) }),
    ),
  });
  return { id, body };
}

type JobEnd = NonNullable<JobView['end']>;

/** Headers by Standard Webhooks, signed with every secret: receivers may have either. */
export function webhookHeaders(
  { id, body }: WebhookMessage,
  secrets: readonly string[],
  at: Date,
): Readonly<Record<string, string>> {
  const text = Buffer.from(body).toString();
  return {
    'content-type': STRUCTURED_CONTENT_TYPE,
    'user-agent': 'cortex-batch',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, text)).join(' '),
  };
}
