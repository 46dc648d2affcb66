import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { LeaderLease } from '#libs/leader-lease/leader-lease.port.ts';
import type { ProjectionAnswer } from '#libs/messaging/queries.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import type { DocumentStore } from '#libs/projection/document-store/document-store.port.ts';
import { EndedJobs } from '#libs/projection/ended-jobs.ts';
import { foldTo } from '#libs/projection/fold-to.ts';
import { changeProjectionState, readProjectionState } from '#libs/projection/projection-record.ts';
import { nothingFolded, ViewFold } from '#libs/projection/view-fold.ts';
import { openFold, type ViewFollower } from '#libs/projection/view-follower.ts';
import type { ViewSnapshots } from '#libs/projection/view-snapshots.ts';

export interface RebuildProjectionDeps {
  readonly store: EventStore;
  readonly snapshots: ViewSnapshots;
  readonly documents: DocumentStore;
  readonly followed: ViewFollower;
  /** Of several projectors one rebuilds. */
  readonly lease: LeaderLease;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often the record is looked at, which only happens when somebody wrote it; 1000 unless given. */
  readonly lookMs?: number;
}

const LOOK_MS = 1000;
/** Entries folded between two notes of how far it is. */
const STRIDE = 20_000;

/**
 * Folds the whole log anew when that was asked for, beside the live projection, and goes on with the
 * result; also with what another projector made.
 *
 * What was asked for stands in the record of the document store, so a projector that dies while it
 * rebuilds loses nothing but the work: whoever has the lease next begins again.
 */
export class RebuildProjection {
  /** Which the follower was told to go on with; it does when it has caught up with itself. */
  private nextGeneration = 0;

  constructor(private readonly deps: RebuildProjectionDeps) {}

  /** Asks for a rebuild, unless one is under way. */
  async request(): Promise<ProjectionAnswer> {
    const requestedAt = this.deps.clock().toISOString();
    await changeProjectionState(this.deps.documents, (state) =>
      state.rebuild !== null
        ? null
        : {
            ...state,
            rebuild: {
              generation: state.generation + 1,
              requestedAt,
              position: 0,
              lastPosition: this.deps.followed.position,
            },
          },
    );
    return this.read();
  }

  async read(): Promise<ProjectionAnswer> {
    const { followed, documents } = this.deps;
    await followed.caughtUp();
    const { generation, rebuild } = await readProjectionState(documents);
    const { jobs, ended } = followed.view;
    return {
      generation,
      position: followed.position,
      jobsInMemory: jobs.size,
      endedJobs: ended.size,
      rebuild,
    };
  }

  /** Ends when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger, documents, lookMs = LOOK_MS } = this.deps;
    while (!signal.aborted) {
      try {
        const state = await readProjectionState(documents);
        if (state.generation > this.deps.followed.generation) await this.goOnWith(state.generation);
        else if (state.rebuild !== null) await this.rebuildOnce(signal);
        else if (state.oldestGeneration < state.generation) await this.clean(signal);
      } catch (error) {
        if (!signal.aborted) logger.warn({ err: error }, 'projection not rebuilt, will retry');
      }
      await pause(lookMs, signal);
    }
  }

  private async goOnWith(generation: number): Promise<void> {
    if (generation === this.nextGeneration) return;
    const fold = await openFold({ ...this.deps, isWriter: true }, generation);
    this.deps.followed.replaceBy(fold);
    this.nextGeneration = generation;
    this.deps.logger.info({ generation }, 'taking over a rebuilt projection');
  }

  /** One of the projectors does; the others look again later. */
  private async rebuildOnce(signal: AbortSignal): Promise<void> {
    await this.withLease(signal, async (held) => {
      const state = await readProjectionState(this.deps.documents);
      if (state.rebuild === null) return; // Done by whoever had the lease before.
      const { generation } = state.rebuild;
      const fold = await this.fold(generation, held);
      if (held.aborted) return;
      await fold.ended.settled();
      await this.deps.snapshots.save(generation, fold);
      await changeProjectionState(this.deps.documents, (now) =>
        now.rebuild?.generation === generation ? { ...now, generation, rebuild: null } : null,
      );
      this.deps.logger.info({ generation, position: fold.view.position }, 'projection rebuilt');
    });
  }

  private async fold(generation: number, signal: AbortSignal): Promise<ViewFold> {
    const { store, logger, followed } = this.deps;
    const ended = new EndedJobs(this.deps, generation, true);
    const fold = new ViewFold(nothingFolded(), { ended, logger, isSilent: true });
    logger.info({ generation }, 'rebuilding the projection');
    while (!signal.aborted && fold.view.position < followed.position) {
      const until = Math.min(fold.view.position + STRIDE, followed.position);
      await foldTo(store, fold, until, signal);
      await this.note(generation, fold.view.position);
    }
    return fold;
  }

  private async note(generation: number, position: number): Promise<void> {
    const lastPosition = this.deps.followed.position;
    await changeProjectionState(this.deps.documents, (state) =>
      state.rebuild?.generation === generation
        ? { ...state, rebuild: { ...state.rebuild, position, lastPosition } }
        : null,
    );
  }

  /** A projector that still reads what is deleted here reads the log instead. */
  private async clean(signal: AbortSignal): Promise<void> {
    await this.withLease(signal, async () => {
      const { documents, snapshots, logger } = this.deps;
      const state = await readProjectionState(documents);
      for (let old = state.oldestGeneration; old < state.generation; old++) {
        await documents.deleteGeneration(old);
        await snapshots.delete(old);
      }
      await changeProjectionState(documents, (now) => ({
        ...now,
        oldestGeneration: Math.max(now.oldestGeneration, state.generation),
      }));
      logger.info({ generation: state.generation }, 'documents of older generations deleted');
    });
  }

  private async withLease(
    signal: AbortSignal,
    work: (held: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const done = new AbortController();
    const lost = await this.deps.lease.acquire(AbortSignal.any([signal, done.signal]));
    try {
      await work(AbortSignal.any([lost, signal]));
    } finally {
      done.abort();
    }
  }
}
