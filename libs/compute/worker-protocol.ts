import type { Probe } from '#libs/domain/api/api-spec.ts';
import type { DeadLetterQueue, Reason } from '#libs/domain/job/job.events.ts';
import type { ApiName, JobId, WorkerId } from '#libs/domain/kernel/ids.ts';
import type { HookResponse } from './compute.port.ts';

/**
 * What a compute backend and a worker process say to each other. Local compute says it over the
 * Node IPC channel of the worker it has spawned; a worker whose channel closes has lost its
 * supervisor and leaves. In a cluster it is said over NATS, and a worker outlives who started it.
 */

/** Everything a worker needs to know; the first message it gets, and the next after it has left. */
export interface WorkerAssignment {
  readonly apiName: ApiName;
  readonly jobId: JobId;
  readonly workerId: WorkerId;
  readonly restart: number;
  /** Processes to start, in order; one of them listens on `handlerPort`. */
  readonly containers: readonly ContainerAssignment[];
  readonly handlerPort: number;
  /** File that the output of all containers is appended to. */
  readonly logFile: string;
  readonly traceparent: string | null;
  /** Where batches go that are given up on, and after how many attempts; `null`: they fail at once. */
  readonly deadLetterQueue: DeadLetterQueue | null;
}

export interface ContainerAssignment {
  readonly name: string;
  /** Command with its arguments. */
  readonly command: readonly string[];
  /** The whole environment of the command; nothing of the worker's own is added. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder that the command runs in. */
  readonly cwd: string;
  readonly readinessProbe: Probe | null;
  readonly livenessProbe: Probe | null;
  /** Of the command and all that it starts; `null` means no limit. */
  readonly memoryLimit: MemoryLimit | null;
}

export interface MemoryLimit {
  readonly bytes: number;
  /** As the user wrote it. */
  readonly quantity: string;
}

export type ToWorker =
  | { readonly type: 'assign'; readonly assignment: WorkerAssignment }
  /** Start no further handler call; answer `halted` at once. */
  | { readonly type: 'halt' }
  | { readonly type: 'call-completion-hook'; readonly body: string }
  /** Leave: cut calls in flight after `graceMs`, end the containers, say `left`. */
  | { readonly type: 'stop'; readonly graceMs: number };

export type FromWorker =
  /**
   * The containers run, each the leader of its own process group. Whoever supervises the worker
   * kills these groups when the worker is gone, so that no handler outlives a worker that was killed.
   */
  | { readonly type: 'containers-started'; readonly pids: readonly number[] }
  /** The readiness probes passed; the worker takes batches. */
  | { readonly type: 'running' }
  | { readonly type: 'halted' }
  /** The worker is about to call the hook: one that does not say so soon is not going to. */
  | { readonly type: 'completion-hook-called' }
  | { readonly type: 'completion-hook-answered'; readonly response: HookResponse }
  /** The worker is about to exit with 1. */
  | { readonly type: 'failed'; readonly reason: Reason }
  /** The worker does nothing any more, as it was told. In a pod its process ends, on this machine it may be assigned again. */
  | { readonly type: 'left' };

const TO_WORKER_TYPES: readonly string[] = [
  'assign',
  'halt',
  'call-completion-hook',
  'stop',
] satisfies ToWorker['type'][];

const FROM_WORKER_TYPES: readonly string[] = [
  'containers-started',
  'running',
  'halted',
  'completion-hook-called',
  'completion-hook-answered',
  'failed',
  'left',
] satisfies FromWorker['type'][];

/** Both ends are of one build, so the type tells the rest. */
export const isToWorker = (message: unknown): message is ToWorker =>
  hasTypeIn(message, TO_WORKER_TYPES);

export const isFromWorker = (message: unknown): message is FromWorker =>
  hasTypeIn(message, FROM_WORKER_TYPES);

function hasTypeIn(message: unknown, types: readonly string[]): boolean {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  return typeof message.type === 'string' && types.includes(message.type);
}
