import type { ApiEvent } from './api/api.events.ts';
import type { ArchiveEvent } from './archive/archive.events.ts';
import type { AuditEvent } from './audit/audit.events.ts';
import type { BatchEvent } from './batch/batch.events.ts';
import type { IdempotencyKeyClaimed } from './idempotency/idempotency.ts';
import type { JobEvent } from './job/job.events.ts';
import type { WebhookEvent } from './webhook/webhook.events.ts';
import type { WorkerEvent } from './worker/worker.events.ts';

/** Everything that can stand in the log. */
export type PlatformEvent =
  | JobEvent
  | BatchEvent
  | WorkerEvent
  | WebhookEvent
  | ApiEvent
  | IdempotencyKeyClaimed
  | AuditEvent
  | ArchiveEvent;

/** Where in the log a fact stands: 1 for the first, growing, with gaps. 0 is before the first. */
export type Position = number;

/** An event with what its recording added. */
export interface LoggedEvent<E extends PlatformEvent = PlatformEvent> {
  readonly position: Position;
  /** Unique per event; an event recorded twice has it twice. */
  readonly id: string;
  /** When it happened by the clock of who recorded it: RFC 3339, UTC, milliseconds. */
  readonly at: string;
  readonly event: E;
}
