import type { Position } from '#libs/domain/platform-event.ts';
import { DIGEST_BYTES } from './event-digest.ts';

const ROOM_COUNT_MIN = 1024;

/** Digests with their positions, 40 bytes each: there may be millions behind the last checkpoint. */
export class DigestList {
  private positions: Position[] = [];
  private bytes = Buffer.alloc(ROOM_COUNT_MIN * DIGEST_BYTES);

  get count(): number {
    return this.positions.length;
  }

  add(position: Position, digest: Uint8Array): void {
    const offset = this.positions.length * DIGEST_BYTES;
    if (offset === this.bytes.length) this.bytes = Buffer.concat([this.bytes], 2 * offset);
    this.bytes.set(digest, offset);
    this.positions.push(position);
  }

  /** Takes out what is at or before a position, in order of position. */
  takeUpTo(position: Position): readonly (readonly [Position, Buffer])[] {
    const taken: [Position, Buffer][] = [];
    const { positions, bytes } = this;
    this.positions = [];
    this.bytes = Buffer.alloc(ROOM_COUNT_MIN * DIGEST_BYTES);
    for (const [index, at] of positions.entries()) {
      const digest = bytes.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
      if (at <= position) taken.push([at, digest]);
      else this.add(at, digest);
    }
    return taken.sort(([a], [b]) => a - b);
  }
}
