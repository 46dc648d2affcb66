import { PlatformView, type PlatformViewSnapshot } from '#libs/domain/status/platform-view.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';

/**
 * Counts up with every change of the fold or of the snapshot's shape, so that a new version of the
 * code starts from the log and not from what an old version made of it.
 */
const VERSION = 4;

/** Where the newest snapshot is kept in the blob store. */
export const SNAPSHOT_KEY = `snapshots/platform-view.v${VERSION}`;

/** An unreadable event that was set aside; it stays in the log at its position. */
export interface ParkedEvent {
  readonly position: number;
  readonly subject: string;
  readonly problem: string;
}

/** What a follower knows at a position of the log. */
export interface FollowedState {
  readonly view: PlatformView;
  readonly parked: readonly ParkedEvent[];
}

interface StoredSnapshot {
  readonly view: PlatformViewSnapshot;
  readonly parked: readonly ParkedEvent[];
}

/** Saves and loads the state of followers. A snapshot only saves time: the log can always replace it. */
export class ViewSnapshots {
  constructor(
    private readonly blobs: BlobStore,
    private readonly logger: Logger,
  ) {}

  async save({ view, parked }: FollowedState): Promise<void> {
    const stored: StoredSnapshot = { view: view.snapshot(), parked };
    await this.blobs.put(SNAPSHOT_KEY, new TextEncoder().encode(JSON.stringify(stored)));
  }

  /** An unreadable snapshot counts as none. */
  async load(): Promise<FollowedState> {
    const bytes = await this.blobs.get(SNAPSHOT_KEY);
    if (bytes !== null) {
      try {
        const stored: StoredSnapshot = JSON.parse(new TextDecoder().decode(bytes));
        return { view: PlatformView.restore(stored.view), parked: [...stored.parked] };
      } catch (error) {
        this.logger.error(
          { err: error, key: SNAPSHOT_KEY },
          'snapshot unreadable, reading the whole log',
        );
      }
    }
    return { view: new PlatformView(), parked: [] };
  }
}
