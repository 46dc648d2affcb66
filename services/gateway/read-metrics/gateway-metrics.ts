import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ProjectorVitals } from '#libs/messaging/projector-vitals.ts';

/** From a status answered out of memory to a dry run over many files. */
const DURATION_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** As it is declared, `/*` for endpoints of APIs: names and ids would be a series each. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** What this gateway counts, and what the projectors say of themselves, as Prometheus reads it. */
export class GatewayMetrics {
  private readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'cortex_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: DURATION_BUCKETS_SECONDS,
    registers: [this.registry],
  });
  private readonly projectors = new Gauge({
    name: 'cortex_projectors',
    help: 'Status-projectors that answered; 0: statuses cannot be read',
    registers: [this.registry],
  });
  private readonly jobs = new Gauge({
    name: 'cortex_active_jobs',
    help: 'Jobs that have not ended, by status, as the projector that is furthest knows them',
    labelNames: ['status'] as const,
    registers: [this.registry],
  });
  private readonly position = this.ofProjector('position', 'Of the newest event it has taken');
  private readonly lagEvents = this.ofProjector(
    'lag_events',
    'Positions from there to the end of the log: events, with KurrentDB bytes',
  );
  private readonly lagSeconds = this.ofProjector(
    'lag_seconds',
    'At most the age of the oldest event it has not taken; 0 when there is none',
  );
  private readonly parked = this.ofProjector(
    'parked_events',
    'Events that it cannot read and has set aside; it counts to a hundred',
  );
  private readonly resident = this.ofProjector('resident_memory_bytes', 'Memory it has resident');

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  answered({ method, route, status, durationMs }: AnsweredRequest): void {
    this.requests.observe({ method, route, status }, durationMs / 1000);
  }

  /** @param projectors those that answered just now; of the others nothing is told */
  text(projectors: readonly ProjectorVitals[]): Promise<string> {
    this.projectors.set(projectors.length);
    const ofEach = [this.position, this.lagEvents, this.lagSeconds, this.parked, this.resident];
    for (const gauge of ofEach) gauge.reset();
    for (const projector of projectors) {
      const { instance } = projector;
      this.position.set({ instance }, projector.position);
      if (projector.lagEvents !== null) this.lagEvents.set({ instance }, projector.lagEvents);
      this.lagSeconds.set({ instance }, projector.lagMs / 1000);
      this.parked.set({ instance }, projector.parkedEvents);
      this.resident.set({ instance }, projector.residentBytes);
    }
    this.jobs.reset();
    const [furthest] = projectors.toSorted((a, b) => b.position - a.position);
    for (const [status, count] of Object.entries(furthest?.activeJobs ?? {})) {
      this.jobs.set({ status }, count);
    }
    return this.registry.metrics();
  }

  private ofProjector(name: string, help: string): Gauge<'instance'> {
    return new Gauge({
      name: `cortex_projector_${name}`,
      help,
      labelNames: ['instance'] as const,
      registers: [this.registry],
    });
  }
}
