/**
 * `target` as a process sees it that dies with `dead`: from then on nothing that it calls comes
 * back, and nothing that it calls happens. What it called before goes on.
 */
export function severable<T extends object>(target: T, dead: AbortSignal): T {
  const never = new Promise<never>(() => {});
  const untilDead = (result: Promise<unknown>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      result.then(
        (value) => dead.aborted || resolve(value),
        (error: Error) => dead.aborted || reject(error),
      );
    });
  return new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (dead.aborted) return never;
        const result: unknown = Reflect.apply(member, object, args);
        return result instanceof Promise ? untilDead(result) : result;
      };
    },
  });
}
