/** The workload of `npm run bench -- job`: small items, many batches, few workers. */
export const ITEM_COUNT = 100_000;
export const BATCH_SIZE_ITEMS = 10;
export const WORKERS = 4;
export const BATCH_COUNT = ITEM_COUNT / BATCH_SIZE_ITEMS;

/** Items are the integers from 0, so that a handler can tell which of them it saw. */
export const batches: readonly (readonly number[])[] = Array.from(
  { length: BATCH_COUNT },
  (_, batch) =>
    Array.from({ length: BATCH_SIZE_ITEMS }, (__, item) => batch * BATCH_SIZE_ITEMS + item),
);

/** One measured run of a contender. */
export interface Run {
  readonly seconds: number;
  readonly lostItemCount: number;
  readonly repeatedItemCount: number;
}
