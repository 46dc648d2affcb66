import { openFollower } from './open-follower.ts';

/** The projector's way through the log, from its first event to its last, in a process of its own. */
const follower = await openFollower('bench-follower');
const stopping = new AbortController();

process.once('message', () => void rebuild());
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function rebuild(): Promise<void> {
  const startedAt = performance.now();
  void follower.run(stopping.signal);
  await follower.caughtUp();
  const seconds = (performance.now() - startedAt) / 1000;
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  process.send?.({ seconds, eventCount: follower.position - follower.parked.length, peakMb });
}
