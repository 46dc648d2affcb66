import { type Answer, HttpExchange } from './http-exchange.ts';
import { GatewayUnreachable } from './client-errors.ts';
import { followEventStream } from './event-stream.ts';
import {
  type ApiDetails,
  apiDetailsSchema,
  type ApiSummaries,
  apiSummariesSchema,
  type BatchPage,
  batchPageSchema,
  type DeadLetters,
  deadLettersSchema,
  type DeployedApis,
  deployedApisSchema,
  type EventPage,
  eventPageSchema,
  type Job,
  type JobDetails,
  jobDetailsSchema,
  type JobPage,
  jobPageSchema,
  jobSchema,
  type Message,
  messageSchema,
  type Projection,
  projectionSchema,
  type RedrivenJob,
  redrivenJobSchema,
  type WorkerPage,
  workerPageSchema,
} from './gateway-documents.ts';

/** Uploads may have to go through a slow line. */
const UPLOAD_TIMEOUT_MS = 300_000;
/** A log may be large. */
const EXPORT_TIMEOUT_MS = 86_400_000;

const PROJECTION = '/v1/projections/status';

export interface Deployment {
  /** A configuration file's content, YAML or JSON. */
  readonly config: Uint8Array<ArrayBuffer>;
  /** Stands in front of what the gateway says about `config`. */
  readonly fileName: string;
  /** Gzipped tar of the handlers' folder; `null` runs the commands as they are. */
  readonly code: Uint8Array<ArrayBuffer> | null;
}

export interface JobFilter {
  readonly apiName?: string;
  readonly status?: string;
  /** 1 to 1000. */
  readonly countMax?: number;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
  /** As for `getJob`. */
  readonly at?: string;
}

export interface BatchFilter {
  /** Several are separated by commas. */
  readonly outcome?: string;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
  /** As for `getJob`. */
  readonly at?: string;
}

export interface EventFilter {
  /** Start behind this moment: a position, or RFC 3339. */
  readonly after?: string;
  /** Only these, e.g. `BatchFailed`. */
  readonly types?: readonly string[];
}

/** Which part of the log; without either, all of it. */
export interface ExportFilter {
  readonly apiName?: string;
  readonly jobId?: string;
}

/** A part of a worker's log. */
export interface WorkerLog {
  readonly bytes: Uint8Array;
  /** Ask from this byte on for what comes next. */
  readonly nextOffset: number;
  /** Whether more can come. */
  readonly isOpen: boolean;
}

/**
 * The gateway's HTTP interface. Every method throws ApiError, GatewayUnreachable or
 * UnexpectedAnswer.
 */
export class GatewayClient {
  private readonly http: HttpExchange;

  /** @throws InvalidGatewayUrl */
  constructor(url: string) {
    this.http = new HttpExchange(url);
  }

  get url(): string {
    return this.http.url;
  }

  deployApis({ config, fileName, code }: Deployment): Promise<Answer<DeployedApis>> {
    const body = new FormData();
    body.append('config', new Blob([config], { type: 'application/yaml' }), fileName);
    if (code !== null) {
      body.append('code', new Blob([code], { type: 'application/gzip' }), 'code.tar.gz');
    }
    return this.http.readJson(
      { method: 'PUT', path: '/v1/apis', body, timeoutMs: UPLOAD_TIMEOUT_MS },
      deployedApisSchema,
    );
  }

  listApis(): Promise<Answer<ApiSummaries>> {
    return this.http.readJson({ method: 'GET', path: '/v1/apis' }, apiSummariesSchema);
  }

  getApi(name: string): Promise<Answer<ApiDetails>> {
    return this.http.readJson({ method: 'GET', path: apiPath(name) }, apiDetailsSchema);
  }

  /** Stops the API's jobs; their history stays. */
  deleteApi(name: string): Promise<Answer<Message>> {
    return this.http.readJson({ method: 'DELETE', path: apiPath(name) }, messageSchema);
  }

  /** Newest first. */
  listJobs({ apiName, status, countMax, cursor, at }: JobFilter): Promise<Answer<JobPage>> {
    const query = queryOf({ api: apiName, status, limit: countMax, cursor, at });
    return this.http.readJson({ method: 'GET', path: `/v1/jobs${query}` }, jobPageSchema);
  }

  /** @param at an earlier moment: RFC 3339 or a position; `null`: now */
  getJob(jobId: string, at: string | null = null): Promise<Answer<JobDetails>> {
    const path = `${jobPath(jobId)}${queryOf({ at })}`;
    return this.http.readJson({ method: 'GET', path }, jobDetailsSchema);
  }

  /** One page of a job's batches with the attempts at them, by index. */
  listBatches(jobId: string, filter: BatchFilter): Promise<Answer<BatchPage>> {
    const { outcome, cursor, at } = filter;
    const query = queryOf({ outcome, cursor, at, limit: 200 });
    const path = `${jobPath(jobId)}/batches${query}`;
    return this.http.readJson({ method: 'GET', path }, batchPageSchema);
  }

  /** One page of what the log holds of a job; `Answer.json` has the events' data as they are. */
  listEvents(jobId: string, filter: EventFilter): Promise<Answer<EventPage>> {
    const path = `${jobPath(jobId)}/events${eventQuery(filter)}`;
    return this.http.readJson({ method: 'GET', path }, eventPageSchema);
  }

  /** A job's events, and those that come, until it has ended and its workers have left. */
  followEvents(jobId: string, filter: EventFilter): AsyncGenerator<string> {
    return followEventStream(this.http, `${jobPath(jobId)}/events${eventQuery(filter)}`);
  }

  /** The log as it is now, or a part of it, in pieces as they come. */
  async *exportLog({ apiName, jobId }: ExportFilter): AsyncGenerator<Uint8Array> {
    const query = queryOf({ api: apiName, job: jobId });
    const path = `/v1/audit/export${query}`;
    const request = { method: 'GET', path, timeoutMs: EXPORT_TIMEOUT_MS } as const;
    const body = await this.http.send(request, (response) => Promise.resolve(response.body));
    try {
      yield* body ?? [];
    } catch (error) {
      throw new GatewayUnreachable(this.url, error);
    }
  }

  /** Fills the empty log of a platform that only reads. */
  importLog(pieces: AsyncIterable<Uint8Array>): Promise<Answer<Message>> {
    const path = '/v1/audit/import';
    return this.http.readJson(
      { method: 'POST', path, body: ReadableStream.from(pieces), timeoutMs: EXPORT_TIMEOUT_MS },
      messageSchema,
    );
  }

  /**
   * @param endpoint `networking.endpoint` of the API's specification
   * @param submission JSON text, sent byte for byte
   */
  submitJob(
    endpoint: string,
    submission: Uint8Array<ArrayBuffer>,
    { idempotencyKey = null }: { readonly idempotencyKey?: string | null } = {},
  ): Promise<Answer<Job>> {
    const headers = {
      'content-type': 'application/json',
      ...(idempotencyKey !== null && { 'idempotency-key': idempotencyKey }),
    };
    return this.http.readJson(
      { method: 'POST', path: endpoint, headers, body: submission, timeoutMs: UPLOAD_TIMEOUT_MS },
      jobSchema,
    );
  }

  /** @param endpoint as for `submitJob` */
  stopJob(endpoint: string, jobId: string): Promise<Answer<Message>> {
    return this.http.readJson(
      { method: 'DELETE', path: `${endpoint}${queryOf({ jobID: jobId })}` },
      messageSchema,
    );
  }

  /** What jobs are shown from. */
  readProjection(): Promise<Answer<Projection>> {
    return this.http.readJson({ method: 'GET', path: PROJECTION }, projectionSchema);
  }

  /** Has it made anew, unless that is under way. */
  rebuildProjection(): Promise<Answer<Projection>> {
    return this.http.readJson({ method: 'POST', path: `${PROJECTION}/rebuild` }, projectionSchema);
  }

  /** By ascending index, with their items when asked for. */
  listDeadLetters(jobId: string, hasPayloads: boolean): Promise<Answer<DeadLetters>> {
    const path = `${jobPath(jobId)}/dead-letters${hasPayloads ? '?payload=true' : ''}`;
    return this.http.readJson({ method: 'GET', path }, deadLettersSchema);
  }

  /** @param workers `null`: as many as the job had */
  redriveJob(jobId: string, workers: number | null): Promise<Answer<RedrivenJob>> {
    const body = new TextEncoder().encode(JSON.stringify({ workers }));
    const headers = { 'content-type': 'application/json' };
    const path = `${jobPath(jobId)}/redrive`;
    return this.http.readJson(
      { method: 'POST', path, headers, body, timeoutMs: UPLOAD_TIMEOUT_MS },
      redrivenJobSchema,
    );
  }

  /**
   * By number, also after the job's end.
   *
   * @param cursor `next_cursor` of the page before; `null`: the first page
   * @param at as for `getJob`
   */
  listWorkers(
    jobId: string,
    cursor: string | null = null,
    at: string | null = null,
  ): Promise<Answer<WorkerPage>> {
    const path = `${jobPath(jobId)}/workers${queryOf({ cursor, at })}`;
    return this.http.readJson({ method: 'GET', path }, workerPageSchema);
  }

  /**
   * @param workerId ordinal, `"0"` to `"<workers - 1>"`
   * @param offset bytes to leave out at the start
   */
  readWorkerLog(jobId: string, workerId: string, offset: number): Promise<WorkerLog> {
    const path = `${jobPath(jobId)}/workers/${encodeURIComponent(workerId)}/log?offset=${offset}`;
    return this.http.send({ method: 'GET', path }, async (response) => {
      const bytes = new Uint8Array(await response.arrayBuffer());
      return {
        bytes,
        nextOffset: Number(response.headers.get('x-cortex-next-offset') ?? offset + bytes.length),
        isOpen: response.headers.get('x-cortex-log-open') === 'true',
      };
    });
  }
}

function eventQuery({ after, types }: EventFilter): string {
  return queryOf({ after, type: types?.length ? types.join() : undefined, limit: 1000 });
}

const apiPath = (name: string): string => `/v1/apis/${encodeURIComponent(name)}`;
const jobPath = (jobId: string): string => `/v1/jobs/${encodeURIComponent(jobId)}`;

/** What is not given is left out. */
function queryOf(params: Readonly<Record<string, string | number | null | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}
