import { randomUUID } from 'node:crypto';
import { ArchiveContent } from '#libs/archive/archive-content.ts';
import { readArchive } from '#libs/archive/read-archive.ts';
import type { JobArchive, JobArchived } from '#libs/domain/archive/archive.events.ts';
import type { LogCheckpointed } from '#libs/domain/audit/audit.events.ts';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import type { EndedJob } from '#libs/domain/status/ended-job-table.ts';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import {
  EMPTY_LANE,
  type EventStore,
  type JobAddress,
  VersionConflict,
} from '#libs/event-store/event-store.port.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import type { ArchiveStore } from '#libs/object-store/archive-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';

/** How often to look for jobs that are due. */
const LOOK_MS = 60_000;
/** From the word that a job is archived to its leaving: whoever reads its events is done, or reads the archive. */
const LEAVE_AFTER_MS = 60_000;

export interface ArchiveRule {
  /** `s3://bucket/prefix`, without a slash at the end. */
  readonly url: string;
  /** How long the last event of a job must be ago. */
  readonly afterMs: number;
  readonly lookMs?: number;
  readonly leaveAfterMs?: number;
}

export interface ArchiveJobsDeps {
  readonly store: Pick<
    EventStore,
    'append' | 'archives' | 'momentAt' | 'newest' | 'purge' | 'storedHistory'
  >;
  readonly archives: ArchiveStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rule: ArchiveRule;
}

/** An archived job that is to leave the log. */
interface Leaving {
  readonly archive: JobArchive;
  /** By `performance.now()`. */
  readonly dueMs: number;
  /** Whether its archive was read back. */
  readonly isChecked: boolean;
}

/**
 * Moves the events of ended jobs from the log to an object for each job.
 *
 * First the object is written and read back, then the log says so, then the job leaves the log. Whoever
 * leads next does again what was not finished; a job of which the log does not say that it is archived never leaves it.
 */
export class ArchiveJobs {
  /**
   * Part of the names of what it writes: one that was paused, while another leader archived a job and
   * had it leave, must not write what is left of the job over that.
   */
  private readonly leaderId = randomUUID();
  private readonly archived = new Set<JobId>();
  /** In the order in which they are due. */
  private leaving: Leaving[] = [];

  constructor(
    private readonly followed: { readonly view: PlatformView },
    private readonly deps: ArchiveJobsDeps,
    private readonly signal: AbortSignal,
  ) {}

  /** Ends when `signal` aborts. */
  async run(): Promise<void> {
    const { lookMs = LOOK_MS } = this.deps.rule;
    let isTakenOver = false;
    while (!this.signal.aborted) {
      try {
        if (!isTakenOver) await this.takeOver();
        isTakenOver = true;
        await this.archiveDue();
        await this.leaveDue();
      } catch (error) {
        this.deps.logger.warn({ err: error }, 'jobs not archived, will retry');
      }
      await pause(lookMs, this.signal);
    }
  }

  /** Learns what is archived, and what of it has not left. */
  private async takeOver(): Promise<void> {
    this.leaving = [];
    for await (const { event } of this.deps.store.archives(0)) {
      if (this.signal.aborted) return;
      this.archived.add(event.data.jobId);
      if (await this.isInLog(event.data)) this.leaveLater(event.data, false);
    }
  }

  private async archiveDue(): Promise<void> {
    const upTo = await this.duePosition();
    const { ended, webhooks } = this.followed.view;
    const due = [...ended.unchangedBehind(upTo)].filter(
      ({ jobId }) => !this.archived.has(jobId) && webhooks.get(jobId) === null,
    );
    for (const job of due) {
      if (this.signal.aborted) return;
      try {
        await this.archive(job, upTo);
      } catch (error) {
        const { jobId } = job;
        this.deps.logger.warn({ err: error, jobId }, 'job not archived, will retry');
      }
      await this.leaveDue(); // There may be many that are due for the first time.
    }
  }

  /** Jobs without events behind it are due: long ago, and sealed by a checkpoint. */
  private async duePosition(): Promise<Position> {
    const { store, clock, rule } = this.deps;
    const sealed = await store.newest<LogCheckpointed>({ kind: 'audit' });
    const longAgo = await store.momentAt(new Date(clock().getTime() - rule.afterMs));
    return Math.min(sealed.logged?.event.data.position ?? 0, longAgo?.position ?? 0);
  }

  private async archive(job: EndedJob, upTo: Position): Promise<void> {
    const { apiName, jobId, status } = job;
    const lane = { kind: 'archive', apiName, jobId } as const;
    const known = await this.deps.store.newest<JobArchived>(lane);
    if (known.logged !== null) return this.take(known.logged.event.data, false);
    const { eventCount, lastPosition } = await this.extentOf(job);
    if (eventCount === 0 || lastPosition > upTo) return;

    const url = `${this.deps.rule.url}/${apiName}/${jobId}-${this.leaderId}.ndjson.gz`;
    const content = new ArchiveContent(this.eventsUpTo(job, lastPosition));
    await this.deps.archives.write(url, content.packed());
    const summary = content.summary();
    if (summary.eventCount !== eventCount || summary.lastPosition !== lastPosition) {
      throw new Error('the job left the log while it was archived');
    }
    const archive: JobArchive = { jobId, apiName, status, url, ...summary };
    await this.check(archive);
    const event: JobArchived = { type: 'JobArchived', data: archive };
    const fact = { id: eventId(event), at: this.deps.clock().toISOString(), event };
    try {
      await this.deps.store.append<JobArchived>(lane, fact, EMPTY_LANE);
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error;
      const { logged } = await this.deps.store.newest<JobArchived>(lane);
      if (logged !== null) this.take(logged.event.data, false); // Another leader was first.
      return;
    }
    this.deps.logger.info({ jobId, apiName, url }, 'job archived');
    this.take(archive, true);
  }

  private take(archive: JobArchive, isChecked: boolean): void {
    this.archived.add(archive.jobId);
    this.leaveLater(archive, isChecked);
  }

  private leaveLater(archive: JobArchive, isChecked: boolean): void {
    const { leaveAfterMs = LEAVE_AFTER_MS } = this.deps.rule;
    this.leaving.push({ archive, isChecked, dueMs: performance.now() + leaveAfterMs });
  }

  private async leaveDue(): Promise<void> {
    const nowMs = performance.now();
    const dueCount = this.leaving.findIndex(({ dueMs }) => dueMs > nowMs);
    const due = this.leaving.splice(0, dueCount === -1 ? this.leaving.length : dueCount);
    for (const { archive, isChecked } of due) {
      if (this.signal.aborted) return;
      try {
        if (!isChecked) await this.check(archive);
        await this.deps.store.purge(archive, archive.lastPosition);
      } catch (error) {
        const { jobId } = archive;
        this.deps.logger.warn({ err: error, jobId }, 'archived job stays in the log, will retry');
        this.leaveLater(archive, isChecked);
      }
    }
  }

  /** @throws ArchiveUnreadable when the archive does not hold what the log holds */
  private async check(archive: JobArchive): Promise<void> {
    for await (const _ of readArchive(this.deps.archives, archive)) {
      if (this.signal.aborted) throw new Error('leads no more');
    }
  }

  private async isInLog(archive: JobArchive): Promise<boolean> {
    for await (const { position } of this.deps.store.storedHistory(archive)) {
      return position <= archive.lastPosition;
    }
    return false;
  }

  private async extentOf(
    job: JobAddress,
  ): Promise<{ readonly eventCount: number; readonly lastPosition: Position }> {
    let eventCount = 0;
    let lastPosition = 0;
    for await (const { position } of this.deps.store.storedHistory(job)) {
      eventCount += 1;
      lastPosition = position;
    }
    return { eventCount, lastPosition };
  }

  /** What is recorded meanwhile is not archived: it stays in the log. */
  private async *eventsUpTo(job: JobAddress, last: Position): AsyncGenerator<StoredEvent> {
    for await (const event of this.deps.store.storedHistory(job)) {
      if (event.position <= last) yield event;
    }
  }
}
