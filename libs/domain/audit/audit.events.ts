import type { Event } from '../kernel/decider.ts';

/** What stands in the log up to `position` is sealed: the hash says what it was. */
export type LogCheckpointed = Event<
  'LogCheckpointed',
  {
    /** Position of the first event that is covered: the first one behind those of the last checkpoint. */
    readonly firstPosition: number;
    /** Position of the last event that is covered; before this checkpoint itself. */
    readonly position: number;
    /** How many events are covered, earlier checkpoints included. */
    readonly eventCount: number;
    /** Over the hash of the checkpoint before and the digest of each event, in order. Hex. */
    readonly sha256: string;
    /** `null`: this is the first checkpoint. */
    readonly previousSha256: string | null;
  }
>;

export type AuditEvent = LogCheckpointed;

/** What a checkpoint says. */
export type Checkpoint = LogCheckpointed['data'];
