/** One member of a document that is not the same at two moments; `undefined` where it was absent. */
export interface Change {
  /** Path from the top, e.g. `batch_counts.failed`. */
  readonly member: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** What is different in two JSON values, member by member; lists are compared as a whole. */
export function changesBetween(from: unknown, to: unknown, path = ''): Change[] {
  const [before, after] = [membersOf(from), membersOf(to)];
  if (before === null || after === null) {
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ member: path, from, to }];
  }
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    changesBetween(before[name], after[name], path === '' ? name : `${path}.${name}`),
  );
}

/** `null` of a value that is no object. */
const membersOf = (value: unknown): Readonly<Record<string, unknown>> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
