import { apiDecider, ApiNotDeployed } from '#libs/domain/api/api.decider.ts';
import { jobDecider } from '#libs/domain/job/job.decider.ts';
import { JobHasEnded } from '#libs/domain/job/job.rejections.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import { handleCommand, type Stamp } from '#libs/event-store/handle-command.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { StatusQueries } from '../status-queries.port.ts';

export interface DeleteApiParts {
  readonly store: EventStore;
  readonly queries: Pick<StatusQueries, 'listJobs'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const PAGE_JOBS = 1000;

/** Deletes an API and stops its jobs. The history of both stays. */
export class DeleteApi {
  private readonly stamp: Stamp;

  constructor(private readonly parts: DeleteApiParts) {
    this.stamp = { idOf: eventId, now: parts.clock };
  }

  /**
   * Deletes first, so that no request from then on submits a job. One whose body was on its way may
   * still, and a crash in between leaves jobs: these the scheduler stops.
   *
   * @throws ApiNotDeployed when there is neither such an API nor a job of it to stop
   */
  async execute(name: ApiName): Promise<void> {
    const refusal = await this.remove(name);
    const stoppedJobs = await this.stopJobs(name);
    if (refusal !== null && stoppedJobs === 0) throw refusal;
    this.parts.logger.info({ apiName: name, stoppedJobs }, 'api deleted');
  }

  private async remove(name: ApiName): Promise<ApiNotDeployed | null> {
    const lane = { kind: 'api', apiName: name } as const;
    const command = { type: 'DeleteApi', data: { apiName: name } } as const;
    try {
      await handleCommand(this.parts.store, apiDecider, this.stamp, { lane, command });
      return null;
    } catch (error) {
      if (error instanceof ApiNotDeployed) return error;
      throw error;
    }
  }

  private async stopJobs(name: ApiName): Promise<number> {
    let stoppedJobs = 0;
    let after: JobId | null = null;
    for (;;) {
      const { jobIds, hasMore } = await this.parts.queries.listJobs({
        apiName: name,
        statuses: ['pending', 'enqueuing', 'running'],
        countMax: PAGE_JOBS,
        after,
      });
      for (const id of jobIds) await this.stop(name, id);
      stoppedJobs += jobIds.length;
      after = jobIds.at(-1) ?? null;
      if (!hasMore || after === null) return stoppedJobs;
    }
  }

  private async stop(name: ApiName, id: JobId): Promise<void> {
    const reason = { kind: 'api.deleted', message: `the API ${name} was deleted` };
    const lane = { kind: 'job', apiName: name, jobId: id } as const;
    const command = { type: 'StopJob', data: { jobId: id, reason } } as const;
    try {
      await handleCommand(this.parts.store, jobDecider, this.stamp, { lane, command });
    } catch (error) {
      if (!(error instanceof JobHasEnded)) throw error; // It ended by itself meanwhile.
    }
  }
}
