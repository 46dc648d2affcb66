import type { FoldedState } from '#libs/projection/view-fold.ts';
import type { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';

/** What is to be saved, as of `position`. */
export interface SnapshotSource extends FoldedState {
  readonly position: number;
  /** Which rebuild of the projection it is. */
  readonly generation: number;
}

/** Saves a snapshot every `intervalMs` when something has happened, and a last one at the end. */
export async function keepSnapshots(
  source: SnapshotSource,
  snapshots: ViewSnapshots,
  { intervalMs, logger }: { readonly intervalMs: number; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  let saved = { position: source.position, generation: source.generation };
  const saveIfChanged = async (): Promise<void> => {
    const { position, generation } = source;
    if (position === saved.position && generation === saved.generation) return;
    try {
      await snapshots.save(generation, source);
      saved = { position, generation };
      logger.debug({ position, generation }, 'snapshot saved');
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
