/** Runs `work` after each poke, once for all that come while it runs, until `signal` aborts. */
export function coalescedLoop(
  work: () => Promise<void>,
  signal: AbortSignal,
): { readonly poke: () => void; readonly ended: Promise<void> } {
  let wake: (() => void) | null = null;
  let isPoked = false;
  const poke = (): void => {
    isPoked = true;
    wake?.();
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      if (!isPoked) await new Promise<void>((resolve) => (wake = resolve));
      isPoked = false;
      if (!signal.aborted) await work().catch(() => setTimeout(poke, 50)); // The API server is away.
    }
  };
  signal.addEventListener('abort', () => wake?.(), { once: true });
  return { poke, ended: run() };
}
