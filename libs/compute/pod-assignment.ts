import { z } from 'zod';
import type { Probe } from '#libs/domain/api/api-spec.ts';
import type { DeadLetterQueue } from '#libs/domain/job/job.events.ts';
import { type ApiName, apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';

/** What the program that fetches code exits with when trying again is of no use. */
export const CODE_UNUSABLE_EXIT = 65;
/** What a worker in a pod exits with when it was made to leave, and not by who leads. */
export const SENT_AWAY_EXIT = 143;

/** Containers of ours in a worker's pod; the others are the user's. */
export const WORKER_CONTAINER = 'cortex-worker';
export const CODE_CONTAINER = 'cortex-code';

/** What all workers of a job are told, in a file; which of them it is, a worker reads in its environment. */
export interface PodAssignment {
  readonly apiName: ApiName;
  readonly jobId: JobId;
  readonly traceparent: string | null;
  readonly deadLetterQueue: DeadLetterQueue | null;
  /** What has to pass before the handler is called. */
  readonly readinessProbes: readonly Probe[];
}

const probeSchema = z
  .object({
    http_get: z.object({ port: z.number(), path: z.string() }).exactOptional(),
    tcp_socket: z.object({ port: z.number() }).exactOptional(),
    initial_delay_seconds: z.number(),
    timeout_seconds: z.number(),
    period_seconds: z.number(),
    success_threshold: z.number(),
    failure_threshold: z.number(),
  })
  .readonly();

const assignmentSchema = z.object({
  apiName: z.string().transform(apiName),
  jobId: z.string().transform(jobId),
  traceparent: z.string().nullable(),
  deadLetterQueue: z.object({ arn: z.string(), receiveCountMax: z.number() }).nullable(),
  readinessProbes: z.array(probeSchema),
});

/** @throws ZodError or SyntaxError when the file is not of this version of the platform */
export const parsePodAssignment = (json: string): PodAssignment =>
  assignmentSchema.parse(JSON.parse(json));
