import type { JobId } from '#libs/domain/kernel/ids.ts';

/** A worker that is reached over NATS: one pod of one job. */
export interface WorkerAddress {
  readonly jobId: JobId;
  /** Name of its pod; never the same twice. */
  readonly podName: string;
}

/** What whoever leads answers to a worker that asks whether it may start. */
export type Greeting =
  /** Take batches. */
  | 'start'
  /** The job is not known (yet): ask again. */
  | 'wait'
  /** Start nothing; you will be told to leave. */
  | 'halt';

const PREFIX = 'cortex.workers';

export const ordersSubject = ({ jobId, podName }: WorkerAddress): string =>
  `${PREFIX}.${jobId}.${podName}.orders`;
export const newsSubject = ({ jobId, podName }: WorkerAddress): string =>
  `${PREFIX}.${jobId}.${podName}.news`;
export const helloSubject = ({ jobId, podName }: WorkerAddress): string =>
  `${PREFIX}.${jobId}.${podName}.hello`;

export const ALL_NEWS = `${PREFIX}.*.*.news`;
export const ALL_HELLOS = `${PREFIX}.*.*.hello`;
