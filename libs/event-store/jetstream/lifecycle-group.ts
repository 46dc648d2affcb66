import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { SUBJECT_PREFIX } from '../lane.ts';
import { EVENT_STREAM } from './event-stream.ts';

const LIFECYCLE_SUBJECTS = `${SUBJECT_PREFIX}*.jobs.*.job`;
/** 10148: exists with other settings; 10013: the name servers before 2.10 have for it. */
const CONSUMER_EXISTS = new Set([10148, 10013]);

/** Makes the group's durable consumer, or brings an existing one to this lease. */
export async function declareGroup(
  manager: JetStreamManager,
  group: string,
  leaseMs: number,
): Promise<void> {
  try {
    await manager.consumers.add(EVENT_STREAM, {
      durable_name: group,
      filter_subject: LIFECYCLE_SUBJECTS,
      deliver_policy: DeliverPolicy.All,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(leaseMs),
      max_deliver: -1,
      max_ack_pending: -1, // One is asked for at a time, by each member.
    });
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || !CONSUMER_EXISTS.has(error.code)) throw error;
    await manager.consumers.update(EVENT_STREAM, group, { ack_wait: nanos(leaseMs) });
  }
}
