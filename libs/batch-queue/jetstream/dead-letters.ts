import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { StoredDeadLetter } from '../batch-queue.port.ts';
import { readDeadLetter } from './dead-letter-message.ts';
import {
  DEAD_LETTER_STREAM,
  deadLetterIndex,
  deadLetterSubject,
  deadLetterSubjectsOf,
} from './queue-names.ts';

/** Some releases of the server say so, where others say that no message was found. */
const SEQUENCE_NOT_FOUND = 10043;

/** A job's dead letters by ascending index. Read one by one: together they may be any size. */
export async function* deadLettersOf(
  manager: JetStreamManager,
  queueName: string,
  jobId: JobId,
): AsyncGenerator<StoredDeadLetter> {
  const { state } = await manager.streams.info(DEAD_LETTER_STREAM, {
    subjects_filter: deadLetterSubjectsOf(queueName, jobId),
  });
  const indexes = Object.keys(state.subjects ?? {})
    .map((subject) => deadLetterIndex(subject))
    .filter((index) => index !== null);
  for (const index of indexes.sort((a, b) => a - b)) {
    const subject = deadLetterSubject(queueName, jobId, index);
    const message = await manager.direct.getMessage(DEAD_LETTER_STREAM, { last_by_subj: subject });
    const letter = message === null ? null : readDeadLetter(message);
    if (letter !== null) yield letter;
  }
}

/** Deletes a letter; one that is not there any more is deleted already. */
export async function deleteDeadLetter(
  manager: JetStreamManager,
  { handle }: StoredDeadLetter,
): Promise<void> {
  try {
    await manager.streams.deleteMessage(DEAD_LETTER_STREAM, Number(handle), false);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const isNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.NoMessageFound || error.code === SEQUENCE_NOT_FOUND);
