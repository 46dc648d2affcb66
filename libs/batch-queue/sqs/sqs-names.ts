import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import type { JobQueueKey } from '../batch-queue.port.ts';

/** SQS allows letters, digits, `-` and `_`; `_` starts an escape here, so it is not plain itself. */
const NOT_PLAIN = /[^A-Za-z0-9-]/gu;
const QUEUE_NAME = /^cx_[0-9a-f]{8}_b_(.+)_([0-9a-f]{16})[.]fifo$/;

/**
 * A job's queue: `cx_<installation>_b_<api>_<job>.fifo`, 78 characters with the longest API name
 * there may be; SQS allows 80.
 *
 * @param installation 8 hex digits, so that installations that share an account know their own
 */
export const jobQueueName = (installation: string, { apiName: api, jobId: job }: JobQueueKey) =>
  `${jobQueuePrefix(installation)}${escaped(api)}_${job}.fifo`;

/** What the names of all job queues of an installation start with. */
export const jobQueuePrefix = (installation: string): string => `cx_${installation}_b_`;

/** The queue whose URL tells what the URLs of the others look like; see `SqsQueueUrls`. */
export const markerQueueName = (installation: string): string => `cx_${installation}_installation`;

/** The inverse of `jobQueueName`; `null` for a queue that is not a job's. */
export function keyOfQueueName(name: string): JobQueueKey | null {
  const match = QUEUE_NAME.exec(name);
  if (match === null) return null;
  return { apiName: apiName(unescaped(match[1] ?? '')), jobId: jobId(match[2] ?? '') };
}

/** The name at the end of a queue's URL. */
export const queueNameOfUrl = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** Ordinary characters stay as they are; the rest is `_XX` per byte. */
function escaped(name: string): string {
  return name.replaceAll(NOT_PLAIN, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `_${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

function unescaped(name: string): string {
  return Buffer.from(
    name.replaceAll(/_([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}
