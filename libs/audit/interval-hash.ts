import { createHash, type Hash } from 'node:crypto';
import type { Checkpoint } from '#libs/domain/audit/audit.events.ts';
import type { Position } from '#libs/domain/platform-event.ts';

/** The events behind one checkpoint on the way to the next: their hash, as they come. */
export class IntervalHash {
  firstPosition: Position = 0;
  position: Position = 0;
  eventCount = 0;
  private readonly hash: Hash;

  /** @param previousSha256 hash of the checkpoint before; `null`: there is none */
  constructor(readonly previousSha256: string | null) {
    this.hash = createHash('sha256').update(Buffer.from(previousSha256 ?? '', 'hex'));
  }

  /** @param digest of the event at `position`, which is behind all that were added */
  add(position: Position, digest: Uint8Array): void {
    if (this.eventCount === 0) this.firstPosition = position;
    this.position = position;
    this.eventCount += 1;
    this.hash.update(digest);
  }

  /** What a checkpoint of all that was added says. Nothing can be added after it. */
  seal(): Checkpoint {
    const { firstPosition, position, eventCount, previousSha256 } = this;
    const sha256 = this.hash.digest('hex');
    return { firstPosition, position, eventCount, sha256, previousSha256 };
  }
}
