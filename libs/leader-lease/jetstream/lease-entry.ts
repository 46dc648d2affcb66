import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';

/** `unknown`: the server did not answer. `lost`: the entry is somebody else's, or nobody's. */
export type Renewal =
  | { readonly outcome: 'renewed'; readonly revision: number }
  | { readonly outcome: 'unknown' | 'lost' };

const WRONG_REVISION: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

/** One candidate's view of the lease's entry: an entry with the candidate's id is held by it. */
export class LeaseEntry {
  private readonly candidateId = crypto.randomUUID();

  constructor(
    private readonly bucket: KV,
    readonly name: string,
  ) {}

  /**
   * Takes the lease.
   *
   * @returns the entry's revision; `null` when another candidate holds the lease
   * @throws when the server does not answer
   */
  async take(): Promise<number | null> {
    const entry = await this.bucket.get(this.name);
    if (entry?.operation !== 'PUT') return this.bucket.create(this.name, this.candidateId);
    if (entry.string() !== this.candidateId) return null;
    // Our own entry, whose creation was not answered; how long it still lasts is not known.
    const renewal = await this.renew(entry.revision);
    return renewal.outcome === 'renewed' ? renewal.revision : null;
  }

  async renew(revision: number): Promise<Renewal> {
    try {
      const renewed = await this.bucket.update(this.name, this.candidateId, revision);
      return { outcome: 'renewed', revision: renewed };
    } catch (error) {
      const isOvertaken = error instanceof JetStreamApiError && WRONG_REVISION.has(error.code);
      return isOvertaken ? this.renewOvertaken() : { outcome: 'unknown' };
    }
  }

  /** The revision is not ours any more; unless it is, by an earlier renewal that was not answered. */
  private async renewOvertaken(): Promise<Renewal> {
    try {
      const entry = await this.bucket.get(this.name);
      if (entry?.operation !== 'PUT' || entry.string() !== this.candidateId) {
        return { outcome: 'lost' };
      }
      const renewed = await this.bucket.update(this.name, this.candidateId, entry.revision);
      return { outcome: 'renewed', revision: renewed };
    } catch {
      return { outcome: 'unknown' };
    }
  }

  /** Lets the next candidate in at once; without an answer it gets in when the entry has expired. */
  async release(revision: number): Promise<void> {
    await this.bucket.delete(this.name, { previousSeq: revision });
  }
}
