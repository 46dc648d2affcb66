import { z } from 'zod';
import type { JobArchived } from '#libs/domain/archive/archive.events.ts';
import { END_STATUSES } from '#libs/domain/job/job-status-code.ts';
import { apiName, jobId, positiveCount } from './kernel.schema.ts';

export const jobArchived = z
  .object({
    jobId,
    apiName,
    status: z.enum(END_STATUSES).describe('How the job ended'),
    url: z
      .string()
      .regex(/^s3:\/\/[^/]+\/./)
      .describe('Of the object that holds the events: `s3://bucket/key`'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe("Over the object's content, unpacked"),
    eventCount: positiveCount.describe('How many events it holds'),
    firstPosition: positiveCount.describe('Position of the first of them'),
    lastPosition: positiveCount.describe('Position of the last of them'),
  })
  .describe(
    'Everything recorded of an ended job is kept elsewhere too, so it may leave the log.',
  ) satisfies z.ZodType<JobArchived['data']>;
