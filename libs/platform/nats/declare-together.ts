import { setTimeout as delay } from 'node:timers/promises';
import { JetStreamApiError } from '@nats-io/jetstream';

const SUBJECTS_OVERLAP = 10065;
const ATTEMPTS_MAX = 5;
/** Grows with each attempt: the other process waits for a disk. */
const PAUSE_MS = 20;

/**
 * Makes or finds a stream that other processes may be making at this moment. A server of 2.9 looks
 * for the name and for its subjects one after the other: who comes in between is told that the
 * subjects are another stream's, and the next time finds the stream that it wants.
 *
 * @param declare does nothing where the stream is there
 */
export async function declareTogether<T>(declare: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await declare();
    } catch (error) {
      const isOverlap = error instanceof JetStreamApiError && error.code === SUBJECTS_OVERLAP;
      if (!isOverlap || attempt === ATTEMPTS_MAX) throw error;
      await delay(attempt * PAUSE_MS);
    }
  }
}
