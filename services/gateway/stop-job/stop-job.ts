import { hasEnded } from '#libs/domain/job/job-status-code.ts';
import { jobDecider } from '#libs/domain/job/job.decider.ts';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { EventStore } from '#libs/event-store/event-store.port.ts';
import { handleCommand } from '#libs/event-store/handle-command.ts';
import type { Clock } from '#libs/platform/clock.ts';
import { pause } from '#libs/platform/pause.ts';
import type { StatusQueries } from '../status-queries.port.ts';

export interface StopJobParts {
  readonly store: EventStore;
  readonly queries: Pick<StatusQueries, 'getJob'>;
  readonly clock: Clock;
  /** How long an answer may wait for the job's end. */
  readonly waitMsMax: number;
}

const POLL_MS = 25;

/** Asks for a job's end on a user's behalf. */
export class StopJob {
  constructor(private readonly parts: StopJobParts) {}

  /**
   * Resolves when the job has ended, so that who asks next sees it stopped; or after `waitMsMax`,
   * when it still will end.
   *
   * @throws JobHasEnded, JobNotFound
   */
  async execute(apiName: ApiName, id: JobId): Promise<void> {
    const { store, clock, waitMsMax } = this.parts;
    const lane = { kind: 'job', apiName, jobId: id } as const;
    const command = { type: 'StopJob', data: { jobId: id, reason: null } } as const;
    await handleCommand(store, jobDecider, { idOf: eventId, now: clock }, { lane, command });

    const giveUp = AbortSignal.timeout(waitMsMax);
    while (!giveUp.aborted && !(await this.hasEnded(id))) await pause(POLL_MS, giveUp);
  }

  /** The stop is recorded, so a status service that cannot be asked is no reason to refuse it. */
  private async hasEnded(id: JobId): Promise<boolean> {
    try {
      const job = await this.parts.queries.getJob({ jobId: id });
      return job !== null && hasEnded(job.status);
    } catch {
      return false;
    }
  }
}
