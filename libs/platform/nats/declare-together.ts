import { JetStreamApiError, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { pause } from '../pause.ts';

const STREAM_NAME_IN_USE = 10058;
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
      if (!isRefusal(error, SUBJECTS_OVERLAP) || attempt === ATTEMPTS_MAX) throw error;
      await pause(attempt * PAUSE_MS);
    }
  }
}

/**
 * Makes a stream, or brings an existing one to `settings`.
 *
 * @param once what only a new stream gets
 */
export async function declareStream(
  manager: JetStreamManager,
  settings: Partial<StreamConfig> & Pick<StreamConfig, 'name'>,
  once: Partial<StreamConfig> = {},
): Promise<void> {
  try {
    await declareTogether(() => manager.streams.add({ ...settings, ...once }));
  } catch (error) {
    if (!isNameInUse(error)) throw error;
    await manager.streams.update(settings.name, settings);
  }
}

/** Whether there is a stream of that name, with other settings. */
export const isNameInUse = (error: unknown): boolean => isRefusal(error, STREAM_NAME_IN_USE);

const isRefusal = (error: unknown, code: number): boolean =>
  error instanceof JetStreamApiError && error.code === code;
