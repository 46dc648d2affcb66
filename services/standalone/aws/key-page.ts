import { compareBytes, type KeyOrder } from './key-order.ts';

export interface PageRequest {
  readonly prefix: string;
  /** `''`: keys are not grouped. */
  readonly delimiter: string;
  /** What the page before ended with: a key, or the prefix of a group. `''`: from the beginning. */
  readonly after: string;
  readonly countMax: number;
}

export interface KeyPage {
  readonly keys: readonly string[];
  /** Prefixes of groups, up to and with the delimiter. */
  readonly groups: readonly string[];
  /** `after` of the next page; `null` on the last one. */
  readonly next: string | null;
}

/** One page of a listing. Its cost grows with the page and not with the bucket. */
export function keyPage(
  order: KeyOrder,
  { prefix, delimiter, after, countMax }: PageRequest,
): KeyPage {
  const all = order.all();
  const keys: string[] = [];
  const groups: string[] = [];
  let last = '';
  let index = startIndex(order, { prefix, delimiter, after });
  for (;;) {
    const key = all[index];
    if (key === undefined || !key.startsWith(prefix)) return { keys, groups, next: null };
    if (keys.length + groups.length >= countMax) {
      return { keys, groups, next: countMax === 0 ? null : last };
    }
    const group = groupOf(key, prefix, delimiter);
    last = group ?? key;
    if (group === null) keys.push(key);
    else groups.push(group);
    index = group === null ? index + 1 : order.indexBehind(group);
  }
}

function startIndex(
  order: KeyOrder,
  { prefix, delimiter, after }: Pick<PageRequest, 'prefix' | 'delimiter' | 'after'>,
): number {
  if (after === '' || compareBytes(after, prefix) < 0) return order.indexOf(prefix);
  const group = after.startsWith(prefix) ? groupOf(after, prefix, delimiter) : null;
  if (group !== null) return order.indexBehind(group);
  const index = order.indexOf(after);
  return order.all()[index] === after ? index + 1 : index;
}

/** `photos/2026/` of `photos/2026/a.jpg` below `photos/`; `null` for a key that is in no group. */
function groupOf(key: string, prefix: string, delimiter: string): string | null {
  if (delimiter === '') return null;
  const end = key.indexOf(delimiter, prefix.length);
  return end === -1 ? null : key.slice(0, end + delimiter.length);
}
