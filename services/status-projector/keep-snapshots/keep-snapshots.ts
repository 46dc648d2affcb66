import type { FollowedState, ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';

/** What is to be saved, as of `position`. */
export interface SnapshotSource extends FollowedState {
  readonly position: number;
}

/** Saves a snapshot every `intervalMs` when something has happened, and a last one at the end. */
export async function keepSnapshots(
  source: SnapshotSource,
  snapshots: ViewSnapshots,
  { intervalMs, logger }: { readonly intervalMs: number; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  let savedPosition = source.position;
  const saveIfChanged = async (): Promise<void> => {
    const { position } = source;
    if (position === savedPosition) return;
    try {
      await snapshots.save(source);
      savedPosition = position;
      logger.debug({ position }, 'snapshot saved');
    } catch (error) {
      logger.warn({ err: error }, 'snapshot not saved, will retry');
    }
  };

  while (!signal.aborted) {
    await saveIfChanged();
    await pause(intervalMs, signal);
  }
  await saveIfChanged();
}
