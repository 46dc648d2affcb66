import { batchId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { unreachable } from '#libs/domain/kernel/errors.ts';

/**
 * The id an event is recorded under. It follows from what the event says, so whoever records the
 * same fact again, even after a crash, gives it the same id and the store can tell.
 */
export function eventId(event: PlatformEvent): string {
  switch (event.type) {
    case 'JobSubmitted':
    case 'EnqueuingCompleted':
    case 'EnqueuingFailed':
    case 'JobStopRequested':
    case 'JobCompleted':
    case 'JobStarted':
      return `${event.data.jobId}.${event.type}`; // At most one of each in a job that matters.
    case 'BatchEnqueued':
      return `${batchId(event.data.jobId, event.data.firstIndex)}.${event.type}.${event.data.batchCount}`;
    case 'LinesSkipped':
      return `${event.data.jobId}.${event.type}.${event.data.firstSkipped}`;
    case 'BatchSucceeded':
    case 'BatchFailed':
    case 'BatchDeadLettered':
      return `${batchId(event.data.jobId, event.data.index)}.${event.type}.${event.data.attempt}`;
    case 'WorkerStateChanged': {
      const { jobId, workerId, restart, state, reason } = event.data;
      // One that waits may come to know why only later.
      const why = state === 'pending' && reason !== null ? `.${reason.kind}` : '';
      return `${jobId}.${event.type}.${workerId}.${restart}.${state}${why}`;
    }
    case 'WorkerStalled':
      return `${event.data.jobId}.${event.type}.${event.data.workerId}.${event.data.restart}`;
    case 'WebhookDelivered':
      return `${event.data.jobId}.${event.type}`;
    case 'WebhookFailed':
      return `${event.data.jobId}.${event.type}.${event.data.attempt}`;
    case 'ApiDeployed':
    case 'ApiDeleted':
      return `${event.data.apiId}.${event.type}`;
    case 'IdempotencyKeyClaimed':
      return `${event.data.jobId}.${event.type}`;
    case 'JobArchived':
      return `${event.data.jobId}.${event.type}`;
    case 'LogCheckpointed':
      return `${event.type}.${event.data.position}`;
    default:
      return unreachable(event);
  }
}
