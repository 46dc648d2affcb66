declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** 16 lowercase hex digits; a newer job has a smaller id, so an ascending sort lists newest first. */
export type JobId = Branded<'JobId'>;
/** Name of a Batch API, as its configuration gives it. */
export type ApiName = Branded<'ApiName'>;
/** One deployed specification of an API; changes when the specification or its code changes. */
export type ApiId = Branded<'ApiId'>;
/** One of a job's `workers`: its ordinal, `"0"` to `"<workers - 1>"`. Replacements keep it. */
export type WorkerId = Branded<'WorkerId'>;
/** `<job>-<index>`: the owning job can always be read from a batch id. */
export type BatchId = Branded<'BatchId'>;

export const jobId = (value: string): JobId => value as JobId;
export const apiName = (value: string): ApiName => value as ApiName;
export const apiId = (value: string): ApiId => value as ApiId;
export const workerId = (ordinal: number): WorkerId => String(ordinal) as WorkerId;

/** Readers keep a bit per batch: an index out of all reason would cost them their memory. */
export const BATCH_INDEX_MAX = 99_999_999;

export const isJobId = (value: string): value is JobId => /^[0-9a-f]{16}$/.test(value);

/** @param index position of the batch in its job, from 0 */
export const batchId = (job: JobId, index: number): BatchId => `${job}-${index}` as BatchId;

/** The inverse of `batchId`; `null` when `value` is not the id of a batch. */
export function parseBatchId(value: string): { job: JobId; index: number } | null {
  if (!/^[0-9a-f]{16}-(0|[1-9]\d*)$/.test(value)) return null;
  const index = Number(value.slice(17));
  return index > BATCH_INDEX_MAX ? null : { job: jobId(value.slice(0, 16)), index };
}
