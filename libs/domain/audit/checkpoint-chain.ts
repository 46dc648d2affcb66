import type { Checkpoint } from './audit.events.ts';

/** What is wrong with a checkpoint as the one after `previous`; `null` when it follows it. */
export function chainProblem(previous: Checkpoint | null, next: Checkpoint): string | null {
  if (next.previousSha256 !== (previous?.sha256 ?? null)) {
    return previous === null
      ? 'it names a checkpoint before it, and there is none'
      : 'it names another checkpoint before it than the one that stands there';
  }
  if (next.firstPosition <= (previous?.position ?? 0)) {
    return 'it covers events that the checkpoint before it covers';
  }
  if (next.position < next.firstPosition) return 'it covers nothing';
  return null;
}
