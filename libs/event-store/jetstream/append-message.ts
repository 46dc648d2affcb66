import {
  type OutgoingMessage,
  type PipelinedPublisher,
  PublishRefused,
} from '#libs/platform/nats/pipelined-publisher.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import { pause } from '#libs/platform/pause.ts';
import { EventStoreUnavailable, VersionConflict } from '../event-store.port.ts';
import { EXPECTED_SEQUENCE } from './read-lane.ts';

/** Wrong last sequence; which of the two a server answers depends on its version. */
const CONFLICT_CODES = new Set([10071, 10164]);
/** The server is still storing a message of this id, or of this subject: it cannot tell yet. */
const BUSY_CODES = new Set([10158, 10163]);
const BUSY_RETRIES_MAX = 5;
const BUSY_RETRY_MS = 20;
const UNANSWERED_RETRIES_MAX = 1;

/**
 * Appends one message to its subject, of which the last message must be at `expectedVersion`.
 *
 * @throws VersionConflict also when this very message is stored already
 * @throws EventStoreUnavailable
 */
export async function appendMessage(
  publisher: PipelinedPublisher,
  message: OutgoingMessage,
  expectedVersion: number,
): Promise<Position> {
  const { subject } = message;
  message.headers.set(EXPECTED_SEQUENCE, String(expectedVersion));
  const retries = { busy: 0, unanswered: 0 };
  for (;;) {
    try {
      const { seq, duplicate } = await publisher.publish(message);
      // Our own earlier attempt, or somebody who decided the same: whoever reloads sees which.
      if (duplicate) throw new VersionConflict(subject, expectedVersion);
      return seq;
    } catch (error) {
      if (error instanceof VersionConflict) throw error;
      const code = error instanceof PublishRefused ? error.code : null;
      if (code !== null && CONFLICT_CODES.has(code)) {
        throw new VersionConflict(subject, expectedVersion, { cause: error });
      }
      const isBusy = code !== null && BUSY_CODES.has(code);
      const mayRetry = isBusy
        ? ++retries.busy <= BUSY_RETRIES_MAX
        : code === null && ++retries.unanswered <= UNANSWERED_RETRIES_MAX;
      if (!mayRetry) throw new EventStoreUnavailable(`${subject}: not stored`, { cause: error });
      await pause(BUSY_RETRY_MS);
    }
  }
}
