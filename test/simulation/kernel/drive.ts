/**
 * Calls `step` again and again, each time after everything that follows from the step before
 * without waiting has been done, until it returns `false`.
 */
export function drive(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = (): void => {
      try {
        if (!step()) return resolve();
      } catch (error) {
        return reject(error instanceof Error ? error : new Error(String(error)));
      }
      // A tick that is asked for in a microtask comes when no microtask is left.
      queueMicrotask(() => process.nextTick(turn));
    };
    process.nextTick(turn);
  });
}
