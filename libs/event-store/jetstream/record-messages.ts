import type {
  OutgoingMessage,
  PipelinedPublisher,
} from '#libs/platform/nats/pipelined-publisher.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { EventStoreUnavailable } from '../event-store.port.ts';

const ATTEMPTS_MAX = 5;
const RETRY_MS_MIN = 100;

/**
 * Stores all messages, in any order. What was refused or not answered is sent again with its id,
 * after 0.1 s, 0.2 s, 0.4 s and 0.8 s.
 *
 * @throws EventStoreUnavailable when some are still not known to be stored
 */
export async function recordMessages(
  publisher: PipelinedPublisher,
  messages: Iterable<OutgoingMessage>,
  logger: Logger,
): Promise<void> {
  let missing = messages;
  for (let attempt = 1; ; attempt++) {
    const failed = await publisher.publishEach(missing);
    const [first] = failed;
    if (first === undefined) return;
    const facts = { err: first.error, failedCount: failed.length, attempt };
    if (attempt === ATTEMPTS_MAX) {
      throw new EventStoreUnavailable(`${failed.length} facts not stored`, { cause: first.error });
    }
    logger.warn(facts, 'facts were not stored, will retry');
    await pause(RETRY_MS_MIN * 2 ** (attempt - 1));
    missing = failed.map(({ message }) => message);
  }
}
