import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { JobId } from '#libs/domain/kernel/ids.ts';

/** How long after one worker's answer another may come. */
const STALL_MS = 300;
const ANSWERS_MS_MAX = 2000;

const haltSubject = (jobId: JobId): string => `cortex.workers.${jobId}.halt`;

/**
 * @param halt keeps handler calls from starting, at once
 * @returns ends this, when there is nothing left to halt
 */
export function onJobHalt(connection: NatsConnection, jobId: JobId, halt: () => void): () => void {
  const subscription = connection.subscribe(haltSubject(jobId), {
    callback: (error, message) => {
      if (error !== null) return;
      halt();
      message.respond();
    },
  });
  return () => subscription.unsubscribe();
}

/**
 * Halts the workers of a job whoever has started them: a scheduler that is paused can tell its own
 * nothing. Resolves when all that can hear it have.
 */
export async function haltJob(connection: NatsConnection, jobId: JobId): Promise<void> {
  try {
    const answers = await connection.requestMany(haltSubject(jobId), undefined, {
      strategy: 'stall',
      stall: STALL_MS,
      maxWait: ANSWERS_MS_MAX,
    });
    let answerCount = 0;
    for await (const _ of answers) answerCount += 1;
    if (answerCount === 0) throw new Error(`NATS did not say who works for job ${jobId}`);
  } catch (error) {
    if (!isNobody(error)) throw error;
  }
}

const isNobody = (error: unknown): boolean =>
  error instanceof errors.NoRespondersError ||
  (error instanceof errors.RequestError && error.isNoResponders());
