import type { JobArchive } from '#libs/domain/archive/archive.events.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';

/** Where in the log an archived job stood: three numbers, for there may be a million of them. */
export interface ArchiveSpan {
  readonly firstPosition: Position;
  readonly lastPosition: Position;
  /** Of what says so. */
  readonly saidAt: Position;
}

/**
 * Which parts of the log may be in archives.
 *
 * It reads on no more often than it has to: what says that a job is archived stands in the log long before
 * the job leaves it.
 */
export class ArchivedSpans {
  /** Grows when there are others. */
  version = 0;
  private readonly known: ArchiveSpan[] = [];
  private readUpTo: Position = 0;
  private readAtMs = -Infinity;
  private reading: Promise<void> | null = null;

  /** @param ageMsMax how old what it knows may be: shorter than jobs stay once they are archived */
  constructor(
    private readonly store: Pick<EventStore, 'archives'>,
    private readonly ageMsMax: number,
  ) {}

  /** Of all jobs that may have left the log by now. */
  async spans(): Promise<readonly ArchiveSpan[]> {
    if (performance.now() - this.readAtMs >= this.ageMsMax) {
      this.reading ??= this.readOn().finally(() => (this.reading = null));
      await this.reading;
    }
    return this.known;
  }

  async archiveOf({ saidAt }: ArchiveSpan): Promise<JobArchive | null> {
    for await (const { event } of this.store.archives(saidAt - 1)) return event.data;
    return null;
  }

  private async readOn(): Promise<void> {
    const startedAtMs = performance.now();
    for await (const { position, event } of this.store.archives(this.readUpTo)) {
      const { firstPosition, lastPosition } = event.data;
      this.known.push({ firstPosition, lastPosition, saidAt: position });
      this.readUpTo = position;
      this.version += 1;
    }
    this.readAtMs = startedAtMs;
  }
}
