import type { QueryRefusal } from './query-refusal.ts';
import type { JobStatusCode } from '#libs/domain/job/job-status-code.ts';
import type { ApiId, ApiName, JobId, WorkerId } from '#libs/domain/kernel/ids.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import type { ApiSpecDocument } from '#libs/domain/status/job-documents.ts';
import type { WorkerDocument } from '#libs/domain/status/worker-documents.ts';

/**
 * Questions that services ask each other: Nest message patterns on NATS, one answer each.
 * Whoever answers has first seen every event that was recorded before the question was asked.
 */
export const QUERIES = {
  getJob: 'cortex.query.get-job',
  getJobs: 'cortex.query.get-jobs',
  listJobs: 'cortex.query.list-jobs',
  listWorkers: 'cortex.query.list-workers',
  getApi: 'cortex.query.get-api',
  listApis: 'cortex.query.list-apis',
  readWorkerLog: 'cortex.query.read-worker-log',
  readProjection: 'cortex.query.read-projection',
  rebuildProjection: 'cortex.query.rebuild-projection',
} as const;

/** @param service as in `npm start`'s list: enqueuer, scheduler, status-projector */
export const healthPattern = (service: string): string => `cortex.health.${service}`;

/**
 * The same question to one instance, which the others cannot answer in its place.
 *
 * @param host name of its machine, in a container or a pod that of the container or the pod
 */
export const instanceHealthPattern = (service: string, host: string): string =>
  `${healthPattern(service)}.${host.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;

/** Answer to `healthPattern`. */
export interface HealthAnswer {
  readonly service: string;
  readonly isReady: boolean;
  /** What a person would want to know, e.g. `{ lagEvents: 0, isLeader: true, parkedEvents: 0 }`. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** An earlier moment: what is answered is what was answered then. */
export interface AsOf {
  /** Of the newest event that had been recorded. */
  readonly position: Position;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export interface GetJobQuery {
  readonly jobId: JobId;
  /** Without it: now. */
  readonly asOf?: AsOf | null;
}

/** Documents travel as JSON text: users' numbers in them must not be parsed on the way. */
export interface FoundJob {
  readonly apiName: ApiName;
  readonly apiId: ApiId;
  /** `networking.endpoint` of the specification the job runs under. */
  readonly endpoint: string;
  readonly status: JobStatusCode;
  /** JSON text of a `JobStatusDocument`. */
  readonly jobStatusJson: string;
  /** JSON text of an `ApiSpecDocument`. */
  readonly apiSpecJson: string;
  /** A digest of all this: whoever has the tag has the rest. */
  readonly tag: string;
}

export interface GetJobAnswer {
  /** `null` when there is no such job. */
  readonly found: FoundJob | null;
}

/** One job as of now, and whose an endpoint is: what a request to an endpoint has to know. */
export interface JobAtQuery {
  readonly jobId: JobId;
  /** `null`: not asked about. */
  readonly endpoint: string | null;
  /** Of what the asker was told of this job before, and need not be told again. */
  readonly knownTag?: string;
}

/** In place of a job that is as the asker knows it. */
export const AS_KNOWN = 'as-known';

export interface JobAtAnswer {
  readonly found: FoundJob | typeof AS_KNOWN | null;
  /** `null` when there is no API at the endpoint, or it was not asked about. */
  readonly apiAtEndpoint: ApiName | null;
  /** Why nothing can be said of this job now, while there are answers about the others. */
  readonly refusal?: QueryRefusal;
}

/** Questions that came up at the same time: one message costs little more with fifty of them. */
export interface GetJobsQuery {
  readonly jobs: readonly JobAtQuery[];
}

export interface GetJobsAnswer {
  /** In the order of the questions, of the first at least and of as many as fit a NATS message. */
  readonly answers: readonly JobAtAnswer[];
}

/** Newest first. Members that are `null` do not filter. */
export interface ListJobsQuery {
  readonly apiName: ApiName | null;
  readonly statuses: readonly JobStatusCode[] | null;
  /** 1 to 1000. */
  readonly countMax: number;
  /** Continue after this job. */
  readonly after: JobId | null;
  /** Without it: now. */
  readonly asOf?: AsOf | null;
}

export interface ListJobsAnswer {
  readonly jobIds: readonly JobId[];
  /** JSON text of an array of `JobStatusDocument`. */
  readonly jobsJson: string;
  /** Whether more jobs follow the last one given. */
  readonly hasMore: boolean;
}

/** By ordinal. */
export interface ListWorkersQuery {
  readonly jobId: JobId;
  /** 1 to 1000. */
  readonly countMax: number;
  /** Continue after this worker; `null`: from the first. */
  readonly after: WorkerId | null;
  /** Without it: now. */
  readonly asOf?: AsOf | null;
}

export interface ListWorkersAnswer {
  /** `null` when there is no such job. */
  readonly page: {
    readonly workers: readonly WorkerDocument[];
    /** Whether more workers follow the last one given. */
    readonly hasMore: boolean;
  } | null;
}

/** By name, or by the endpoint path that requests come in on. */
export type GetApiQuery = { readonly name: ApiName } | { readonly endpoint: string };

export interface ApiAnswer {
  readonly name: ApiName;
  readonly id: ApiId;
  readonly spec: ApiSpecDocument;
  /** What was deployed, newest first; at most 100, so that the answer fits a NATS message. */
  readonly versions: readonly { readonly id: ApiId; readonly deployedAt: string }[];
}

/** An API in a list; without its specification, so that thousands fit a NATS message. */
export interface ApiSummary {
  readonly name: ApiName;
  readonly id: ApiId;
  /** `networking.endpoint` of its specification. */
  readonly endpoint: string;
  readonly deployedAt: string;
  /** Jobs of the API that have not ended. */
  readonly activeJobCount: number;
  readonly latestJob: { readonly jobId: JobId; readonly createdAt: string } | null;
}

/** `null` when no such API is deployed. */
export interface GetApiAnswer {
  readonly api: ApiAnswer | null;
}

export interface ListApisAnswer {
  readonly apis: readonly ApiSummary[];
}

/** The projection that jobs are shown from, also answered when a rebuild of it is asked for. */
export interface ProjectionAnswer {
  /** How often it was made anew, from 1. */
  readonly generation: number;
  /** Of the newest event that the one who answers has taken. */
  readonly position: Position;
  /** Jobs that run, and those whose workers have not all left. */
  readonly jobsInMemory: number;
  readonly endedJobs: number;
  /** The next generation, while it is being made. */
  readonly rebuild: {
    readonly generation: number;
    /** RFC 3339. */
    readonly requestedAt: string;
    readonly position: Position;
    /** How far it has to get, by the time it last looked. */
    readonly lastPosition: Position;
  } | null;
}

export interface ReadWorkerLogQuery {
  readonly apiName: ApiName;
  readonly jobId: JobId;
  readonly workerId: WorkerId;
  readonly offset: number;
  /** At most 256 KiB, so that the answer fits a NATS message. */
  readonly bytesMax: number;
}

/** `null` when the worker has no log. `base64` because a cut may split a character. */
export interface ReadWorkerLogAnswer {
  readonly chunk: {
    readonly base64: string;
    readonly nextOffset: number;
    readonly isOpen: boolean;
  } | null;
}
