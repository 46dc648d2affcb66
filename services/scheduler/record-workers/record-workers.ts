import type { WorkerReport } from '#libs/compute/compute.port.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';

const RETRY_MS = 500;

/** Puts what the compute backend reports into the log, in order, however long the log is away. */
export class RecordWorkers {
  private readonly pending: WorkerReport[] = [];
  private working: Promise<void> | null = null;

  constructor(
    private readonly store: EventStore,
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {}

  add(report: WorkerReport): void {
    this.pending.push(report);
    this.working ??= this.work();
  }

  /** Resolves when every report so far is in the log, or given up because the log is away at the end. */
  async settled(): Promise<void> {
    await this.working;
  }

  private async work(): Promise<void> {
    for (let report = this.pending[0]; report !== undefined; report = this.pending[0]) {
      if (await this.tryRecord(report)) this.pending.shift();
      else if (this.signal.aborted) break;
      else await pause(RETRY_MS, this.signal);
    }
    this.working = null;
  }

  private async tryRecord({ apiName, at, ...data }: WorkerReport): Promise<boolean> {
    const event = { type: 'WorkerStateChanged' as const, data };
    const fact = { id: eventId(event), at, event };
    try {
      await this.store.record({ kind: 'worker', apiName, jobId: data.jobId }, [fact]);
      return true;
    } catch (error) {
      this.logger.warn({ err: error, jobId: data.jobId }, 'worker state not recorded, will retry');
      return false;
    }
  }
}
