import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { declareStream } from '#libs/platform/nats/declare-together.ts';
import { SUBJECT_PREFIX } from '../lane.ts';

export const EVENT_STREAM = 'CORTEX_EVENTS';

/** How long the server knows the ids of messages: longer than any retry of ours lasts. */
const DUPLICATE_WINDOW_MS = 60_000;

/** What an operator may set otherwise without being overruled: replicas, placement, limits. */
const settings = {
  name: EVENT_STREAM,
  subjects: [`${SUBJECT_PREFIX}>`],
  discard: DiscardPolicy.New, // A full log refuses loudly; `old` would forget history.
  allow_direct: true,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
};

/** Makes the stream, or brings an existing one to the settings above. */
export const declareEventStream = (manager: JetStreamManager): Promise<void> =>
  declareStream(manager, settings, {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    deny_delete: true,
  });
