import { errors } from '@nats-io/transport-node';

/** A server that is away or overloaded for so long is worth a new start of the process. */
const PATIENCE_MS = 30_000;

/**
 * Asks again while there is no answer. A server of 2.9 leaves one request of some
 * hundred unanswered while streams are being made; the next it answers at once.
 *
 * @param ask does no harm when it was done before; waits for an answer no longer than it has to
 */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const givesUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isUnanswered = error instanceof errors.TimeoutError && performance.now() < givesUpAt;
      if (!isUnanswered) throw error;
    }
  }
}
