import type { ApiSpec } from '#libs/domain/api/api-spec.ts';
import type { ApiName, JobId, WorkerId } from '#libs/domain/kernel/ids.ts';
import type { DeadLetterQueue } from '#libs/domain/job/job.events.ts';
import type { WorkerStateChanged } from '#libs/domain/worker/worker.events.ts';

/** Everything a backend needs to run the workers of one job. */
export interface Workload {
  readonly apiName: ApiName;
  readonly jobId: JobId;
  readonly spec: ApiSpec;
  /** Object with the handler's code as a gzipped tar archive; `null` when there is none. */
  readonly codeKey: string | null;
  readonly workers: number;
  /** First `restart` number to use: above those of workers that an earlier scheduler started. */
  readonly firstRestart: number;
  /** Content of the file that handlers find at `$CORTEX_JOB_SPEC`. */
  readonly jobSpecJson: string;
  /** The job's own `config` as JSON text, for function handlers. */
  readonly configJson: string | null;
  readonly traceparent: string | null;
  readonly deadLetterQueue: DeadLetterQueue | null;
}

/** What happened to a worker. `null` reasons mean that all is well. */
export type WorkerReport = WorkerStateChanged['data'] & {
  readonly apiName: ApiName;
  /** RFC 3339. */
  readonly at: string;
};

/** A part of a worker's log. */
export interface LogChunk {
  readonly bytes: Uint8Array;
  /** Offset of the first byte after `bytes`; ask from here for what comes next. */
  readonly nextOffset: number;
  /** Whether more can come: the worker has not left. */
  readonly isOpen: boolean;
}

/** Runs workers. Workers that die are replaced, with back-off, until replacements are used up. */
export interface Compute {
  /**
   * Brings the workers of a job up. Surplus workers wait, reported as `pending`. Starting a job that
   * has been started changes nothing.
   */
  start(workload: Workload): Promise<void>;

  /**
   * Keeps the workers of a job from starting handler calls, and resolves when none can start any
   * more. Calls in flight go on. A worker that does not answer is killed.
   */
  halt(jobId: JobId): Promise<void>;

  /**
   * Lets one live worker of the job call `/on-job-complete` and resolves with what the handler said.
   *
   * @param signal gives up waiting
   * @throws NoLiveWorker when there is none, or when it died before the handler answered
   */
  callCompletionHook(jobId: JobId, body: string, signal: AbortSignal): Promise<HookResponse>;

  /** Ends the workers of a job, calls in flight after `graceMs`, and resolves when all have left. */
  stop(jobId: JobId, graceMs: number): Promise<void>;

  /** Reports every change of every worker's state to `listener`, oldest first. One listener. */
  onReport(listener: (report: WorkerReport) => void): void;

  /** The combined output of a worker's handler from byte `offset` on; `null` when there is no log. */
  readLog(
    worker: { readonly apiName: ApiName; readonly jobId: JobId; readonly workerId: WorkerId },
    offset: number,
    bytesMax: number,
  ): Promise<LogChunk | null>;

  /** Jobs that have workers or files here, also of an earlier scheduler, for cleaning up after it. */
  list(): Promise<readonly JobId[]>;

  /** Lets go of all workers: those that cannot do without this process end at once. */
  close(): Promise<void>;
}

/** The handler's answer to `/on-job-complete`. `status` is `null` when there was no answer. */
export interface HookResponse {
  readonly status: number | null;
  readonly message: string;
}

export class NoLiveWorker extends Error {
  override readonly name = 'NoLiveWorker';
}

export const COMPUTE = Symbol('Compute');
