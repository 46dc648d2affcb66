import { z } from 'zod';

/** Each worker has a record in memory from the submission on. */
const WORKERS_MAX = 10_000;

/** `workers` of a request. */
export const workersField = z.int().min(1).max(WORKERS_MAX).describe('Workers to run the job on');
