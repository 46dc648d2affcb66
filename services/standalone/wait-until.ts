import { pause } from '#libs/platform/pause.ts';

const POLL_MS = 25;

/** Asks until the answer is yes; resolves with whether it was in time. */
export async function waitUntil(
  isTrue: () => Promise<boolean>,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (await isTrue()) return true;
    await pause(POLL_MS);
  }
  return false;
}
