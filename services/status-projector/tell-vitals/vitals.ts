import { hostname } from 'node:os';
import type { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { ProjectorVitals } from '#libs/messaging/projector-vitals.ts';
import type { ViewFollower } from '#libs/projection/view-follower.ts';
import type { ViewLag } from '#libs/projection/view-lag.ts';

const INSTANCE = `${hostname()}:${process.pid}`;

/** How this projector is: answered at once, however far it is behind. */
export class Vitals {
  constructor(
    private readonly follower: Pick<ViewFollower, 'position' | 'view' | 'parked'>,
    private readonly lag: Pick<ViewLag, 'measure'>,
    /** A projector that is further behind is not ready. */
    private readonly readyLagMsMax: number,
  ) {}

  async read(): Promise<ProjectorVitals> {
    const { events, ms } = await this.lag.measure();
    const { position, view, parked } = this.follower;
    return {
      instance: INSTANCE,
      position,
      lagEvents: events,
      lagMs: ms,
      parkedEvents: parked.length,
      activeJobs: countActive(view),
      residentBytes: process.memoryUsage.rss(),
    };
  }

  isReady({ lagEvents, lagMs }: Pick<ProjectorVitals, 'lagEvents' | 'lagMs'>): boolean {
    return lagEvents !== null && lagMs <= this.readyLagMsMax;
  }
}

function countActive({ jobs }: PlatformView): ProjectorVitals['activeJobs'] {
  const counts = { pending: 0, enqueuing: 0, running: 0 };
  for (const { status } of jobs.values()) {
    if (status === 'pending' || status === 'enqueuing' || status === 'running') counts[status] += 1;
  }
  return counts;
}
