import type { EndStatus } from '../job/job-status-code.ts';
import type { Event } from '../kernel/decider.ts';
import type { ApiName, JobId } from '../kernel/ids.ts';

/** Everything recorded of an ended job is kept elsewhere, and may leave the log. */
export type JobArchived = Event<
  'JobArchived',
  {
    readonly jobId: JobId;
    readonly apiName: ApiName;
    readonly status: EndStatus;
    /** Of the object: `s3://bucket/key`. */
    readonly url: string;
    /** Over the object's content, unpacked. Hex. */
    readonly sha256: string;
    readonly eventCount: number;
    /** Positions of the first and of the last event in it. */
    readonly firstPosition: number;
    readonly lastPosition: number;
  }
>;

export type ArchiveEvent = JobArchived;

/** Where the events of a job are that has been archived. */
export type JobArchive = JobArchived['data'];
