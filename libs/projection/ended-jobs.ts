import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { EndedJob } from '#libs/domain/status/ended-job-table.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { DocumentStore } from './document-store/document-store.port.ts';
import { foldJob } from './fold-job.ts';
import { jobOfText, type JobText, textOf } from './job-text.ts';

export interface EndedJobsDeps {
  readonly store: Pick<EventStore, 'read' | 'history'>;
  readonly documents: DocumentStore;
  readonly logger: Logger;
}

/** What may be on its way to the store: whoever retires jobs faster than it takes them waits. */
const STORING_MAX = 2000;
const STORING_CHARS_MAX = 16 * 1024 * 1024;

/** The job of a table cannot be found: neither its document nor its history is there any more. */
export class JobNotInLog extends Error {
  override readonly name = 'JobNotInLog';
}

/**
 * Ended jobs that are not in memory: their documents, or what the log says of them.
 *
 * A document is used when it has the digest that the table knows; so one that is missing, damaged, or
 * older or newer than the table costs time and nothing else.
 */
export class EndedJobs {
  /** Documents on their way. */
  private readonly storing = new Map<JobId, JobText>();
  private storingChars = 0;
  private waiting: { readonly isDue: () => boolean; readonly resolve: () => void }[] = [];

  constructor(
    private readonly deps: EndedJobsDeps,
    readonly generation: number,
    /** Whether documents are stored, or only read. */
    private readonly isWriter: boolean,
  ) {}

  /** @returns the digest that the table has to keep */
  keep(job: JobView): string {
    const text = textOf(job);
    if (this.isWriter) void this.put(job.submitted.jobId, text);
    return text.digest;
  }

  /**
   * The job as the table knows it, for whoever asked and nobody else.
   *
   * @throws JobNotInLog, EventStoreUnavailable
   */
  async recall({ jobId, apiName, position, digest }: EndedJob): Promise<JobView> {
    const json = this.storing.get(jobId)?.json ?? (await this.read(jobId));
    const stored = json === null ? null : jobOfText(json, digest);
    if (stored !== null) return stored;
    const { logger, store } = this.deps;
    logger.info({ jobId }, 'no such document of an ended job, reading its history');
    const folded = (await foldJob(store, { apiName, jobId, position })).jobs.get(jobId);
    if (folded === undefined) throw new JobNotInLog(`job ${jobId} of ${apiName} is not in the log`);
    if (this.keep(folded) !== digest) {
      logger.warn({ jobId, position }, 'an ended job is not what it was; rebuild the projection');
    }
    return folded;
  }

  /** Resolves when there is room for more documents. */
  hasSpace(): Promise<void> {
    return this.until(
      () => this.storing.size < STORING_MAX && this.storingChars < STORING_CHARS_MAX,
    );
  }

  /** Resolves when what was kept before is stored, or given up on. */
  settled(): Promise<void> {
    return this.until(() => this.storing.size === 0);
  }

  private async put(jobId: JobId, text: JobText): Promise<void> {
    this.storingChars += text.json.length;
    this.storing.set(jobId, text);
    try {
      await this.deps.documents.put({ generation: this.generation, jobId }, text.json);
    } catch (error) {
      // Its history says the same.
      this.deps.logger.warn({ err: error, jobId }, 'document of an ended job not stored');
    }
    this.storingChars -= text.json.length;
    if (this.storing.get(jobId) === text) this.storing.delete(jobId);
    const due = this.waiting.filter(({ isDue }) => isDue());
    if (due.length === 0) return;
    this.waiting = this.waiting.filter((one) => !due.includes(one));
    for (const { resolve } of due) resolve();
  }

  private async read(jobId: JobId): Promise<string | null> {
    try {
      return await this.deps.documents.get({ generation: this.generation, jobId });
    } catch (error) {
      this.deps.logger.warn({ err: error, jobId }, 'document of an ended job not read');
      return null;
    }
  }

  private until(isDue: () => boolean): Promise<void> {
    if (isDue()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ isDue, resolve }));
  }
}
