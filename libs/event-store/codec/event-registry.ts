import type { z } from 'zod';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import type { LaneKind } from '../lane.ts';
import { apiDeleted, apiDeployed } from './api-events.schema.ts';
import { jobArchived } from './archive-events.schema.ts';
import { logCheckpointed } from './audit-events.schema.ts';
import {
  batchDeadLettered,
  batchEnqueued,
  batchFailed,
  batchSucceeded,
  jobStarted,
  linesSkipped,
} from './batch-events.schema.ts';
import { idempotencyKeyClaimed } from './idempotency-events.schema.ts';
import {
  enqueuingCompleted,
  enqueuingFailed,
  jobCompleted,
  jobStopRequested,
  jobSubmitted,
} from './job-events.schema.ts';
import {
  apiDeployedV1,
  apiDeployedV2,
  batchEnqueuedV1,
  enqueuingCompletedV1,
  jobSubmittedV1,
  jobSubmittedV2,
} from './older-events.schema.ts';
import { webhookDelivered, webhookFailed } from './webhook-events.schema.ts';
import { workerStalled, workerStateChanged } from './worker-events.schema.ts';

export type EventType = PlatformEvent['type'];
type DataOf<Type extends EventType> = Extract<PlatformEvent, { type: Type }>['data'];

/** Turns the data of one version into that of the next. */
export type Upcast = (data: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** How one type of event stands on the wire. */
export interface EventDefinition<Data = unknown> {
  /** The only lane it may stand in. */
  readonly lane: LaneKind;
  /** Checks data of the newest version; it does not change them. */
  readonly schema: z.ZodType<Data>;
  /** What versions before the newest looked like, from version 1 on: for whoever reads old events. */
  readonly older: readonly z.ZodType[];
  /** From version 1 on, in order; so the newest version is one more than there are upcasts. */
  readonly upcasts: readonly Upcast[];
  /** Members that hold a user's JSON, which is kept as the text it was sent in. */
  readonly rawMembers: readonly string[];
}

type Registry = { readonly [Type in EventType]: EventDefinition<DataOf<Type>> };

const first = { older: [], upcasts: [], rawMembers: [] } as const;
const noLabels: Upcast = ({ spec, ...data }) => ({
  ...data,
  spec: { ...(spec as object), labels: {} },
});
const noLinesSkipped: Upcast = (data) => ({ ...data, skippedLineCount: 0 });

/** Every type of event there is. A type added to the domain alone stops compiling here. */
export const EVENT_REGISTRY: Registry = {
  JobSubmitted: {
    lane: 'job',
    schema: jobSubmitted,
    older: [jobSubmittedV1, jobSubmittedV2],
    upcasts: [
      (data) => ({ ...data, parentJobId: null }),
      (data) => ({ ...data, onCompleteUrl: null }),
    ],
    rawMembers: ['config'],
  },
  EnqueuingCompleted: {
    ...first,
    lane: 'job',
    schema: enqueuingCompleted,
    older: [enqueuingCompletedV1],
    upcasts: [noLinesSkipped],
  },
  EnqueuingFailed: { ...first, lane: 'job', schema: enqueuingFailed },
  JobStopRequested: { ...first, lane: 'job', schema: jobStopRequested },
  JobCompleted: { ...first, lane: 'job', schema: jobCompleted },
  BatchEnqueued: {
    ...first,
    lane: 'batch',
    schema: batchEnqueued,
    older: [batchEnqueuedV1],
    upcasts: [noLinesSkipped],
  },
  LinesSkipped: { ...first, lane: 'batch', schema: linesSkipped },
  JobStarted: { ...first, lane: 'batch', schema: jobStarted },
  BatchSucceeded: { ...first, lane: 'batch', schema: batchSucceeded },
  BatchFailed: { ...first, lane: 'batch', schema: batchFailed },
  BatchDeadLettered: { ...first, lane: 'batch', schema: batchDeadLettered },
  WorkerStateChanged: { ...first, lane: 'worker', schema: workerStateChanged },
  WorkerStalled: { ...first, lane: 'worker', schema: workerStalled },
  WebhookDelivered: { ...first, lane: 'webhook', schema: webhookDelivered },
  WebhookFailed: { ...first, lane: 'webhook', schema: webhookFailed },
  ApiDeployed: {
    ...first,
    lane: 'api',
    schema: apiDeployed,
    older: [apiDeployedV1, apiDeployedV2],
    upcasts: [noLabels, (data) => ({ ...data })], // `spec.webhooks` may be absent, as it was.
  },
  ApiDeleted: { ...first, lane: 'api', schema: apiDeleted },
  IdempotencyKeyClaimed: { ...first, lane: 'idempotency-key', schema: idempotencyKeyClaimed },
  LogCheckpointed: { ...first, lane: 'audit', schema: logCheckpointed },
  JobArchived: { ...first, lane: 'archive', schema: jobArchived },
};

export const newestVersion = ({ upcasts }: EventDefinition): number => upcasts.length + 1;
