import { setTimeout as delay } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '#libs/platform/logger.ts';
import type { LeaderLease } from '../leader-lease.port.ts';
import { HeldLease, type Term } from './held-lease.ts';
import { openLeaseBucket } from './lease-bucket.ts';
import { LeaseEntry } from './lease-entry.ts';

const TTL_MS = 5000;
/** How soon a standby notices that the lease was given up. */
const POLL_MS_MAX = 250;

export interface JetStreamLeaderLeaseOptions {
  /** What is led: candidates of the same name compete. Letters, digits, `-` and `_`. */
  readonly name: string;
  /** How long a holder that has died keeps the lease; 5000 unless given. All names share one. */
  readonly ttlMs?: number;
  readonly logger: Logger;
}

/**
 * The lease is an entry in a key-value bucket that forgets what is not renewed. Creating the entry
 * takes the lease, updating it at its known revision renews it, deleting it gives it up.
 */
export class JetStreamLeaderLease implements LeaderLease {
  private constructor(
    private readonly bucket: KV,
    private readonly options: Required<JetStreamLeaderLeaseOptions>,
  ) {}

  /** Makes the bucket, or brings an existing one to this `ttlMs`. The lease ends with its connection. */
  static async open(
    connection: NatsConnection,
    { name, ttlMs = TTL_MS, logger }: JetStreamLeaderLeaseOptions,
  ): Promise<JetStreamLeaderLease> {
    // A question that is not answered within a third of the lease is asked again.
    const client = jetstream(connection, { timeout: ttlMs / 3, checkAPI: false });
    const bucket = await openLeaseBucket(client, ttlMs);
    return new JetStreamLeaderLease(bucket, { name, ttlMs, logger });
  }

  async acquire(signal: AbortSignal): Promise<AbortSignal> {
    const entry = new LeaseEntry(this.bucket, this.options.name);
    const pollMs = Math.min(POLL_MS_MAX, this.options.ttlMs / 4);
    for (;;) {
      signal.throwIfAborted();
      const term = await this.tryTake(entry);
      if (term !== null) return this.hold(entry, term, signal);
      await delay(pollMs, undefined, { signal });
    }
  }

  /** `null` when another candidate holds the lease, or the server does not answer. */
  private async tryTake(entry: LeaseEntry): Promise<Term | null> {
    const atMs = performance.now();
    try {
      const revision = await entry.take();
      return revision === null ? null : { revision, atMs };
    } catch (error) {
      this.options.logger.debug({ err: error, lease: entry.name }, 'lease not taken');
      return null;
    }
  }

  private async hold(entry: LeaseEntry, term: Term, signal: AbortSignal): Promise<AbortSignal> {
    const held = new HeldLease(entry, term, this.options);
    const giveUp = (): void => void held.giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    held.signal.addEventListener('abort', () => signal.removeEventListener('abort', giveUp));
    if (signal.aborted) await held.giveUp(); // Told to stop while the lease was being taken.
    signal.throwIfAborted();
    return held.signal;
  }
}
