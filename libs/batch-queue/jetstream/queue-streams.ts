import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { declareStream } from '#libs/platform/nats/declare-together.ts';
import type { JobQueueKey } from '../batch-queue.port.ts';
import {
  DEAD_LETTER_STREAM,
  DEAD_LETTER_SUBJECTS,
  QUEUE_STREAM,
  QUEUE_SUBJECTS,
  queueConsumer,
  queueSubject,
} from './queue-names.ts';

/** How long the server remembers message ids; a retry must come within it. The server's default. */
const DUPLICATE_WINDOW_MS = 2 * 60_000;
/** Pull requests of one job that may wait at a time, one per worker; the server's default is 512. */
const WAITING_WORKERS_MAX = 2048;
/** It exists with other settings. Servers before 2.10 change them without a word. */
const CONSUMER_EXISTS = 10148;

const streams = [
  { name: QUEUE_STREAM, subjects: [QUEUE_SUBJECTS], retention: RetentionPolicy.Workqueue },
  { name: DEAD_LETTER_STREAM, subjects: [DEAD_LETTER_SUBJECTS], retention: RetentionPolicy.Limits },
];

/** Makes both streams, or brings existing ones to these settings. */
export async function declareStreams(manager: JetStreamManager): Promise<void> {
  for (const stream of streams) {
    await declareStream(manager, {
      ...stream,
      storage: StorageType.File,
      discard: DiscardPolicy.New, // A full stream refuses loudly; `old` would lose batches.
      allow_direct: true,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    });
  }
}

/** Makes the job's consumer. One that is there keeps what it knows and gets this lease. */
export async function declareConsumer(
  manager: JetStreamManager,
  key: JobQueueKey,
  leaseMs: number,
): Promise<void> {
  const settings = { ack_wait: nanos(leaseMs) };
  try {
    await manager.consumers.add(QUEUE_STREAM, {
      ...settings,
      durable_name: queueConsumer(key),
      filter_subject: queueSubject(key),
      ack_policy: AckPolicy.Explicit,
      max_deliver: -1, // Giving up is the workers' decision, recorded as an event.
      // Unlimited. At a limit the server would hold back what a pull request got until it expires.
      max_ack_pending: -1,
      max_waiting: WAITING_WORKERS_MAX,
    });
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
    await manager.consumers.update(QUEUE_STREAM, queueConsumer(key), settings);
  }
}
