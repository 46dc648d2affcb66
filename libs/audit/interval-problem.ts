import type { Checkpoint } from '#libs/domain/audit/audit.events.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import { IntervalHash } from './interval-hash.ts';

const GAPS_SHOWN_MAX = 5;

/** What is wrong with the events that a checkpoint covers; `null` when they are those that it sealed. */
export function intervalProblem(
  covered: readonly (readonly [Position, Uint8Array])[],
  checkpoint: Checkpoint,
): string | null {
  const { eventCount, firstPosition, position, previousSha256, sha256 } = checkpoint;
  const missing = eventCount - covered.length;
  if (missing > 0) {
    const gaps = gapsIn(covered, checkpoint);
    const where = gaps.length === 0 ? '' : `; nothing stands at ${gaps.join(', ')}`;
    return `${eventsWere(missing)} removed: ${eventCount} were sealed, ${covered.length} are there${where}`;
  }
  if (missing < 0) {
    return `${eventsWere(-missing)} inserted: ${eventCount} were sealed, ${covered.length} are there`;
  }
  if (covered[0]?.[0] !== firstPosition || covered.at(-1)?.[0] !== position) {
    return 'the first or the last event does not stand where it was sealed';
  }
  const hash = new IntervalHash(previousSha256);
  for (const [at, digest] of covered) hash.add(at, digest);
  if (hash.seal().sha256 === sha256) return null;
  return 'an event was changed or moved: the events are not those that were sealed';
}

const eventsWere = (count: number): string =>
  count === 1 ? 'an event was' : `${count} events were`;

/** Positions at which nothing stands. There may always have been gaps: what is missing is among them. */
function gapsIn(
  covered: readonly (readonly [Position, Uint8Array])[],
  { firstPosition, position }: Checkpoint,
): string[] {
  const gaps: string[] = [];
  let next = firstPosition;
  for (const at of [...covered.map(([each]) => each), position + 1]) {
    if (at > next) gaps.push(at === next + 1 ? String(next) : `${next} to ${at - 1}`);
    next = at + 1;
  }
  return gaps.length > GAPS_SHOWN_MAX
    ? [...gaps.slice(0, GAPS_SHOWN_MAX), `and ${gaps.length - GAPS_SHOWN_MAX} more places`]
    : gaps;
}
