import { apiName, type JobId, jobId, parseBatchId } from '#libs/domain/kernel/ids.ts';
import type { JobQueueKey } from '../batch-queue.port.ts';

/** Every job's batches; a work queue, so a batch leaves it when a worker has settled it. */
export const QUEUE_STREAM = 'CORTEX_QUEUE';
export const QUEUE_SUBJECTS = 'cortex.queue.*.*';

/** Batches that were given up on, kept until somebody takes them out. */
export const DEAD_LETTER_STREAM = 'CORTEX_DEAD_LETTERS';
export const DEAD_LETTER_SUBJECTS = 'cortex.dead-letters.>';

const CONSUMER_NAME = /^(.+)_([0-9a-f]{16})$/;
const NOT_PLAIN = /[^A-Za-z0-9_-]/g;

export const queueSubject = ({ apiName: api, jobId: job }: JobQueueKey): string =>
  `cortex.queue.${subjectToken(api)}.${job}`;

/** One consumer per job; all its workers pull from it. */
export const queueConsumer = ({ apiName: api, jobId: job }: JobQueueKey): string =>
  `${subjectToken(api)}_${job}`;

/**
 * A subject for each letter: so a batch has one letter at most, and those of a job are found
 * without looking at those of others. `cortex.dead-letters.<queue>.>` is all of a queue.
 */
export const deadLetterSubject = (queueName: string, job: JobId, index: number): string =>
  `cortex.dead-letters.${subjectToken(queueName)}.${job}.${index}`;

/** All letters of a job in a dead-letter queue. */
export const deadLetterSubjectsOf = (queueName: string, job: JobId): string =>
  `cortex.dead-letters.${subjectToken(queueName)}.${job}.*`;

/** The index in the subject of a letter; `null` for another subject. */
export function deadLetterIndex(subject: string): number | null {
  const [, , , job, index, ...rest] = subject.split('.');
  return rest.length > 0 ? null : (parseBatchId(`${job}-${index}`)?.index ?? null);
}

/** The inverse of `queueConsumer`; `null` for a consumer that is not a job's. */
export function keyOfConsumer(consumer: string): JobQueueKey | null {
  const match = CONSUMER_NAME.exec(consumer);
  if (match === null) return null;
  return { apiName: apiName(nameOfToken(match[1] ?? '')), jobId: jobId(match[2] ?? '') };
}

/** The inverse of `queueSubject`; `null` for a subject that is not a job's. */
export function keyOfSubject(subject: string): JobQueueKey | null {
  const [, , api, job, ...rest] = subject.split('.');
  if (api === undefined || job === undefined || rest.length > 0) return null;
  return keyOfConsumer(`${api}_${job}`);
}

/** A name as one token of a subject. Ordinary names stay as they are; the rest is `=XX` per byte. */
function subjectToken(name: string): string {
  return name.replaceAll(NOT_PLAIN, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

function nameOfToken(token: string): string {
  return Buffer.from(
    token.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}
