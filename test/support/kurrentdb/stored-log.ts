/** What an append says about the stream it appends to. */
export type ExpectedState = bigint | 'any' | 'no_stream' | 'stream_exists';

export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface StoredEvent extends ProposedEvent {
  readonly stream: string;
  readonly revision: bigint;
  /** Offset in the log; commit and prepare position are the same for an event that is committed alone. */
  readonly position: bigint;
  readonly createdMs: number;
}

export type AppendOutcome =
  | { readonly kind: 'stored'; readonly revision: bigint; readonly position: bigint }
  | { readonly kind: 'conflict'; readonly current: bigint | null };

/** What a record of the log takes besides its data: positions are offsets in bytes, as in the server. */
const RECORD_BYTES = 97n;
/** The server knows the newest ids by heart; to forget earlier is easier on a test. */
const KNOWN_IDS_MAX = 100_000;

/**
 * What KurrentDB stores and how it decides an append, after its `IndexWriter.CheckCommit`: an append is
 * idempotent when the stream holds the very ids behind the expected revision, or, for `any`, when
 * the ids are among those it remembers.
 */
export class StoredLog {
  readonly all: StoredEvent[] = [];
  private readonly streams = new Map<string, StoredEvent[]>();
  private readonly knownIds = new Map<string, StoredEvent>();
  private readonly listeners = new Set<() => void>();
  private end = 0n;

  constructor() {
    // A new database is not empty: the server's own events come first.
    this.append('$settings', 'any', [systemEvent('$settings'), systemEvent('$UserCreated')]);
  }

  stream(name: string): readonly StoredEvent[] {
    return this.streams.get(name) ?? [];
  }

  append(stream: string, expected: ExpectedState, events: readonly ProposedEvent[]): AppendOutcome {
    const decision = this.decide(
      stream,
      expected,
      events.map(({ id }) => id),
    );
    if (decision === 'conflict') {
      const { length } = this.stream(stream);
      return { kind: 'conflict', current: length === 0 ? null : BigInt(length) - 1n };
    }
    if (decision !== 'store') {
      return { kind: 'stored', revision: decision.revision, position: decision.position };
    }
    for (const event of events) this.store(stream, event);
    const last = this.stream(stream).at(-1);
    if (last === undefined) throw new Error('an append of nothing');
    return { kind: 'stored', revision: last.revision, position: last.position };
  }

  /** @returns stops calling */
  onAppended(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private decide(
    stream: string,
    expected: ExpectedState,
    ids: readonly string[],
  ): 'store' | 'conflict' | StoredEvent {
    const stored = this.stream(stream);
    const current = BigInt(stored.length) - 1n;
    if (expected === 'stream_exists' && current < 0n) return 'conflict';
    if (expected === 'any' || expected === 'stream_exists') {
      const known = ids.map((id) => this.known(stream, id));
      if (known[0] === null) return 'store'; // The server looks no further, whatever follows.
      return known.at(-1) ?? 'conflict';
    }
    const behind = expected === 'no_stream' ? -1n : expected;
    if (behind === current) return 'store';
    if (behind > current) return 'conflict';
    const there = ids.map((_, n) => stored[Number(behind) + 1 + n]);
    const isRepeated = ids.every((id, n) => there[n]?.id === id);
    return (isRepeated ? there.at(-1) : null) ?? 'conflict';
  }

  private known(stream: string, id: string): StoredEvent | null {
    const event = this.knownIds.get(id);
    return event?.stream === stream ? event : null;
  }

  private store(stream: string, proposed: ProposedEvent): void {
    const stored = this.streams.get(stream) ?? [];
    this.streams.set(stream, stored);
    const event: StoredEvent = {
      ...proposed,
      stream,
      revision: BigInt(stored.length),
      position: this.end,
      createdMs: Date.now(),
    };
    this.end += RECORD_BYTES + BigInt(proposed.data.length + proposed.metadata.length);
    stored.push(event);
    this.all.push(event);
    this.remember(event);
    for (const listener of this.listeners) listener();
  }

  private remember(event: StoredEvent): void {
    this.knownIds.set(event.id, event);
    const [oldest] = this.knownIds.keys();
    if (this.knownIds.size > KNOWN_IDS_MAX && oldest !== undefined) this.knownIds.delete(oldest);
  }
}

const systemEvent = (type: string): ProposedEvent => ({
  id: crypto.randomUUID(),
  type,
  contentType: 'application/json',
  data: Buffer.from('{}'),
  metadata: new Uint8Array(0),
});
