import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import { HeldLease } from '#libs/leader-lease/jetstream/held-lease.ts';
import { LeaseEntry } from '#libs/leader-lease/jetstream/lease-entry.ts';
import type { LeaderLease } from '#libs/leader-lease/leader-lease.port.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { VirtualTime } from '../kernel/virtual-time.ts';
import type { Wire } from './wire.ts';

const NAME = 'scheduler';
const POLL_MS_MAX = 250;

const wrongRevision = (): JetStreamApiError =>
  new JetStreamApiError({
    code: 400,
    err_code: JetStreamApiCodes.StreamWrongLastSequence,
    description: 'wrong last sequence',
  });

const unavailable = (message: string): Error => new Error(message);

/** A key-value bucket of one entry that forgets what is not renewed. */
export class LeaseBucket {
  private value: string | null = null;
  private revision = 0;
  private expiresAtMs = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly ttlMs: number,
  ) {}

  async get(): Promise<KvEntry | null> {
    const { value, revision } = this;
    if (this.isGone || value === null) return null;
    return { operation: 'PUT', revision, string: () => value } as KvEntry;
  }

  async create(value: string): Promise<number> {
    if (!this.isGone) throw wrongRevision();
    return this.put(value);
  }

  async update(value: string, revision: number): Promise<number> {
    if (this.isGone || this.revision !== revision) throw wrongRevision();
    return this.put(value);
  }

  async delete(revision: number): Promise<void> {
    if (this.revision !== revision) throw wrongRevision();
    this.value = null;
  }

  private get isGone(): boolean {
    return this.value === null || this.time.nowMs >= this.expiresAtMs;
  }

  private put(value: string): number {
    this.value = value;
    this.expiresAtMs = this.time.nowMs + this.ttlMs;
    return ++this.revision;
  }
}

interface LeaseOptions {
  readonly ttlMs: number;
  readonly logger: Logger;
}

/** The real entry and the real renewals of the JetStream lease, on a bucket of the simulation. */
export class WiredLeaderLease implements LeaderLease {
  private readonly bucket: KV;

  constructor(
    bucket: LeaseBucket,
    caller: SimProcess,
    wire: Wire,
    private readonly options: LeaseOptions,
  ) {
    const call = <T>(what: string, run: () => Promise<T>): Promise<T> =>
      wire.call(caller, { what: `lease ${what}`, run, unavailable });
    const wired: Partial<KV> = {
      get: () => call('get', () => bucket.get()),
      create: (_, value) => call('create', () => bucket.create(String(value))),
      update: (_, value, revision) => call('update', () => bucket.update(String(value), revision)),
      delete: (_, given) => call('delete', () => bucket.delete(given?.previousSeq ?? 0)),
    };
    this.bucket = wired as KV;
  }

  async acquire(signal: AbortSignal): Promise<AbortSignal> {
    const entry = new LeaseEntry(this.bucket, NAME);
    const { ttlMs } = this.options;
    for (;;) {
      signal.throwIfAborted();
      const atMs = performance.now();
      const revision = await entry.take().catch(() => null);
      if (revision !== null) {
        const held = new HeldLease(entry, { revision, atMs }, this.options);
        signal.addEventListener('abort', () => void held.giveUp(), { once: true });
        if (signal.aborted) await held.giveUp();
        signal.throwIfAborted();
        return held.signal;
      }
      await pause(Math.min(POLL_MS_MAX, ttlMs / 4), signal);
    }
  }
}
