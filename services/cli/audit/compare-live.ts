import type { ExportStart } from '#libs/audit/export-line.ts';
import type { AuditProblem } from '#libs/audit/verify-export.ts';
import { ApiError } from '#libs/client/client-errors.ts';
import type { GatewayClient } from '#libs/client/gateway-client.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { apiSpecDocument, jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import type { JobView } from '#libs/domain/status/job-view.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { workerDocument } from '#libs/domain/status/worker-documents.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import { decodeEvent } from '#libs/event-store/codec/event-codec.ts';
import { laneKindOf } from '#libs/event-store/lane.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { elementsOf, memberOf } from '../json-text.ts';

const DIFFERENCES_MAX = 100;

/** Makes every document again from an export, by the fold that the platform uses, and compares byte for byte. */
export class CompareLive {
  private readonly view = new PlatformView();
  private readonly differing: AuditProblem[] = [];
  comparedCount = 0;

  constructor(
    private readonly client: GatewayClient,
    private readonly stalledAfterMs: number,
  ) {}

  /** As the platform folds: what cannot be read or applied is passed over. */
  take({ position, subject, cloudEvent }: StoredEvent): void {
    const { id, type: ceType, time = '', data: payload } = cloudEvent;
    const decoded = decodeEvent({ ceType, payload });
    const timeMs = Date.parse(time);
    if (!decoded.ok || decoded.lane !== laneKindOf(subject) || Number.isNaN(timeMs)) {
      return this.view.skip(position);
    }
    try {
      const at = new Date(timeMs).toISOString();
      this.view.apply({ position, id, at, event: decoded.event });
    } catch {
      this.view.skip(position);
    }
  }

  /** Where the platform says something else than the export, as of the end of the export. */
  async differences(start: ExportStart | null): Promise<readonly AuditProblem[]> {
    const position = start?.lastPosition ?? 0;
    if (position === 0) return [];
    const at = String(position);
    // The platform answers as of the time at which the last event was stored.
    const nowMs = Date.parse(start?.lastStoredAt ?? '');
    const rule = { nowMs, stalledAfterMs: this.stalledAfterMs };
    const jobs = [...this.view.jobs.values()]
      .filter(({ submitted }) => start?.jobId == null || submitted.jobId === start.jobId)
      .sort((a, b) => (a.submitted.jobId < b.submitted.jobId ? -1 : 1));
    await this.compareList(
      jobs,
      { at, rule, apiName: start?.apiName ?? null },
      start?.jobId ?? null,
    );
    for (const job of jobs) {
      if (this.differing.length >= DIFFERENCES_MAX) break;
      await this.compareJob(job, at, rule);
    }
    return this.differing;
  }

  /** A list of one job is what it is asked for. */
  private async compareList(
    jobs: readonly JobView[],
    { at, rule, apiName }: { at: string; rule: StalledRule; apiName: string | null },
    jobId: string | null,
  ): Promise<void> {
    if (jobId !== null) return;
    const expected = jobs[Symbol.iterator]();
    for (let cursor: string | null = null; ;) {
      const page = await this.client.listJobs({
        at,
        countMax: 1000,
        ...(apiName !== null && { apiName }),
        ...(cursor !== null && { cursor }),
      });
      for (const text of elementsOf(memberOf(page.json, 'jobs'))) {
        const next = expected.next();
        const wanted = next.done === true ? null : next.value;
        const document = wanted && stringifyWithRaw(jobStatusDocument(wanted, rule));
        const id = wanted?.submitted.jobId ?? 'that the export does not have';
        this.compare(`the list, job ${id}`, document ?? 'null', text);
      }
      cursor = page.value.next_cursor;
      if (cursor === null || this.differing.length >= DIFFERENCES_MAX) break;
    }
    const missing = expected.next();
    if (missing.done !== true && this.differing.length === 0) {
      this.report(`the list ends before job ${missing.value.submitted.jobId}`);
    }
  }

  private async compareJob(job: JobView, at: string, rule: StalledRule): Promise<void> {
    const { jobId, apiName, apiId } = job.submitted;
    try {
      const { json } = await this.client.getJob(jobId, at);
      const document = stringifyWithRaw(jobStatusDocument(job, rule));
      this.compare(`job ${jobId}`, document, memberOf(json, 'job_status'));
      const version = this.view.apis.get(apiName)?.version(apiId) ?? null;
      const spec = version === null ? 'null' : stringifyWithRaw(apiSpecDocument(version));
      this.compare(`job ${jobId}, api_spec`, spec, memberOf(json, 'api_spec'));
      await this.compareWorkers(job, at, rule);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      this.report(`job ${jobId}: the platform does not know it (${error.message})`);
    }
  }

  private async compareWorkers(job: JobView, at: string, rule: StalledRule): Promise<void> {
    const { jobId } = job.submitted;
    const expected = [...job.workers].map((worker) =>
      JSON.stringify(workerDocument(job, worker, rule)),
    );
    const actual: string[] = [];
    for (let cursor: string | null = null; ;) {
      const page = await this.client.listWorkers(jobId, cursor, at);
      actual.push(...elementsOf(memberOf(page.json, 'workers')));
      cursor = page.value.next_cursor;
      if (cursor === null) break;
    }
    for (let place = 0; place < Math.max(expected.length, actual.length); place++) {
      this.compare(
        `job ${jobId}, worker ${place}`,
        expected[place] ?? 'null',
        actual[place] ?? 'null',
      );
    }
  }

  private compare(what: string, expected: string, actual: string): void {
    this.comparedCount += 1;
    if (expected === actual) return;
    const member = firstDifference(JSON.parse(expected), JSON.parse(actual));
    this.report(`${what}: the platform says something else than the log, first in ${member}`);
  }

  private report(message: string): void {
    this.differing.push({ line: null, positions: null, eventId: null, message });
  }
}

/** Path of the first member that is not the same. */
function firstDifference(expected: unknown, actual: unknown, path = ''): string {
  const here = path === '' ? 'the document' : path;
  const [wanted, found] = [membersOf(expected), membersOf(actual)];
  if (wanted === null || found === null) return here;
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
    if (JSON.stringify(wanted[name]) === JSON.stringify(found[name])) continue;
    return firstDifference(wanted[name], found[name], path === '' ? name : `${path}.${name}`);
  }
  return `${here}, in the order or the writing of its members`;
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
