import type { BatchQueue, JobQueueKey } from '#libs/batch-queue/batch-queue.port.ts';
import type { Logger } from '#libs/platform/logger.ts';

/** One request per running job: cheap at any number of jobs, soon enough for an operator's mistake. */
export const QUEUE_LOOK_MS = 10_000;
/** Whoever stops a job may delete its queue a moment before the scheduler hears of the stop. */
const ABSENCES_MAX = 2;

export interface QueueWatchOptions {
  readonly key: JobQueueKey;
  readonly intervalMs: number;
  readonly logger: Logger;
  /** The queue is not there, twice in a row. Called at most once. */
  onLost(): void;
}

/** Looks now and then whether a queue that was made is still there. That nobody answers is no news. */
export class QueueWatch {
  private readonly timer: NodeJS.Timeout;
  private absenceCount = 0;
  private isLooking = false;
  private isClosed = false;

  constructor(
    private readonly queue: Pick<BatchQueue, 'exists'>,
    private readonly options: QueueWatchOptions,
  ) {
    this.timer = setInterval(() => void this.look(), options.intervalMs);
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const isThere = await this.queue.exists(this.options.key);
      this.absenceCount = isThere ? 0 : this.absenceCount + 1;
    } catch (error) {
      this.options.logger.debug({ err: error }, 'cannot look whether the queue is there');
    } finally {
      this.isLooking = false;
    }
    if (this.isClosed || this.absenceCount < ABSENCES_MAX) return;
    this.close();
    this.options.onLost();
  }
}
