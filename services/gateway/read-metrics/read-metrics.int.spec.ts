import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProjectorVitals } from '#libs/messaging/projector-vitals.ts';
import { TestGateway } from '#test/support/gateway.ts';

const projector: ProjectorVitals = {
  instance: 'one:1',
  position: 90,
  lagEvents: 10,
  lagMs: 1500,
  parkedEvents: 2,
  activeJobs: { pending: 0, enqueuing: 1, running: 3 },
  residentBytes: 100_000_000,
};

describe('GET /metrics', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.stop());
  beforeEach(() => {
    gateway.queries.vitals = [];
    gateway.queries.isDown = false;
  });

  const scrape = async (): Promise<{ contentType: string; lines: readonly string[] }> => {
    const answer = await gateway.request('GET', '/metrics');
    expect(answer.status).toBe(200);
    const contentType = answer.headers.get('content-type') ?? '';
    return { contentType, lines: (await answer.text()).split('\n') };
  };

  it('tells how far every projector is behind, and the jobs that the furthest knows', async () => {
    const other = { ...projector, instance: 'two:1', position: 100, lagEvents: 0, lagMs: 0 };
    gateway.queries.vitals = [
      { ...projector, activeJobs: { pending: 0, enqueuing: 0, running: 0 } },
      { ...other, activeJobs: projector.activeJobs },
    ];
    const { contentType, lines } = await scrape();
    expect(contentType).toContain('text/plain; version=0.0.4');
    expect(lines).toEqual(
      expect.arrayContaining([
        'cortex_projectors 2',
        'cortex_projector_position{instance="one:1"} 90',
        'cortex_projector_lag_events{instance="one:1"} 10',
        'cortex_projector_lag_seconds{instance="one:1"} 1.5',
        'cortex_projector_lag_seconds{instance="two:1"} 0',
        'cortex_projector_parked_events{instance="one:1"} 2',
        'cortex_projector_resident_memory_bytes{instance="one:1"} 100000000',
        'cortex_active_jobs{status="enqueuing"} 1',
        'cortex_active_jobs{status="running"} 3',
      ]),
    );
  });

  it('tells nothing of a projector that is gone, and is answered without any', async () => {
    gateway.queries.vitals = [projector];
    await scrape();
    for (const leave of [
      () => (gateway.queries.vitals = []),
      () => (gateway.queries.isDown = true),
    ]) {
      leave();
      const { lines } = await scrape();
      expect(lines).toContain('cortex_projectors 0');
      expect(lines.filter((line) => /^cortex_(projector_|active_jobs)/.test(line))).toEqual([]);
    }
  });

  it('leaves out how many events a projector is behind while it cannot know', async () => {
    gateway.queries.vitals = [{ ...projector, lagEvents: null }];
    const { lines } = await scrape();
    expect(lines.filter((line) => line.startsWith('cortex_projector_lag_'))).toEqual([
      'cortex_projector_lag_seconds{instance="one:1"} 1.5',
    ]);
  });

  it('counts requests by their route, whatever the job or the API is', async () => {
    for (const path of ['/v1/jobs/one', '/v1/jobs/two', '/sum?jobID=x', '/other?jobID=y']) {
      await gateway.request('GET', path);
    }
    const { lines } = await scrape();
    const counts = lines.filter((line) =>
      line.startsWith('cortex_http_request_duration_seconds_count'),
    );
    const name = 'cortex_http_request_duration_seconds_count';
    expect(counts).toEqual(
      expect.arrayContaining([
        `${name}{method="GET",route="/v1/jobs/:jobId",status="404"} 2`,
        `${name}{method="GET",route="/*",status="404"} 2`,
      ]),
    );
  });

  it('has the metrics of the process', async () => {
    const { lines } = await scrape();
    expect(lines.some((line) => line.startsWith('process_cpu_seconds_total '))).toBe(true);
  });
});
