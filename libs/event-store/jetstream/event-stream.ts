import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { declareTogether } from '#libs/platform/nats/declare-together.ts';
import { SUBJECT_PREFIX } from '../lane.ts';

export const EVENT_STREAM = 'CORTEX_EVENTS';

/** How long the server knows the ids of messages: longer than any retry of ours lasts. */
const DUPLICATE_WINDOW_MS = 60_000;
const STREAM_NAME_IN_USE = 10058;

/** What an operator may set otherwise without being overruled: replicas, placement, limits. */
const settings = {
  subjects: [`${SUBJECT_PREFIX}>`],
  discard: DiscardPolicy.New, // A full log refuses loudly; `old` would forget history.
  allow_direct: true,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
};

/** Makes the stream, or brings an existing one to the settings above. */
export async function declareEventStream(manager: JetStreamManager): Promise<void> {
  try {
    await declareTogether(() =>
      manager.streams.add({
        name: EVENT_STREAM,
        ...settings,
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        deny_delete: true,
      }),
    );
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NAME_IN_USE) throw error;
    await manager.streams.update(EVENT_STREAM, settings);
  }
}
