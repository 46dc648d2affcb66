/** SQS takes at most ten entries in a request. */
export const ENTRIES_MAX = 10;

/**
 * Works off `tasks`, at most `parallelMax` at a time. After a failure no further task starts.
 *
 * @throws the first failure, when nothing is under way any more
 */
export async function inParallel<T>(
  tasks: Iterable<T>,
  parallelMax: number,
  work: (task: T) => Promise<void>,
): Promise<void> {
  const iterator = tasks[Symbol.iterator]();
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (failures.length === 0) {
      const { value, done } = iterator.next();
      if (done === true) return;
      await work(value).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: parallelMax }, lane));
  if (failures.length > 0) throw failures[0];
}

/** Groups of up to ten. */
export function* groupsOf<T>(entries: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < entries.length; at += ENTRIES_MAX)
    yield entries.slice(at, at + ENTRIES_MAX);
}
