import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '#libs/platform/logger.ts';
import type { LeaderLease } from '../leader-lease.port.ts';

const BUCKET = 'CORTEX_LEADERS';
const TTL_MS = 5000;
/** How soon a standby notices that the lease was given up. */
const POLL_MS_MAX = 250;

export interface JetStreamLeaderLeaseOptions {
  /** What is led: candidates of the same name compete. Letters, digits, `-` and `_`. */
  readonly name: string;
  /** How long a holder that has died keeps the lease. All leases of a server share it. */
  readonly ttlMs?: number;
  readonly logger: Logger;
}

/** The entry as this candidate wrote it. */
interface Held {
  readonly revision: number;
  /** By the process's own clock; the server's time for the entry starts later than this. */
  readonly renewedAtMs: number;
}

/**
 * The lease is an entry in a key-value bucket that forgets what is not renewed. Creating the entry
 * takes the lease, updating it at the known revision renews it, deleting it gives it up.
 */
export class JetStreamLeaderLease implements LeaderLease {
  private constructor(
    private readonly bucket: KV,
    private readonly ttlMs: number,
    private readonly options: JetStreamLeaderLeaseOptions,
  ) {}

  /** Makes the bucket, or brings an existing one to this `ttlMs`. */
  static async open(
    connection: NatsConnection,
    options: JetStreamLeaderLeaseOptions,
  ): Promise<JetStreamLeaderLease> {
    const { ttlMs = TTL_MS } = options;
    const client = jetstream(connection, { timeout: ttlMs });
    const manager = await jetstreamManager(connection);
    const bucket = await new Kvm(client).create(BUCKET, { ttl: ttlMs, history: 1 });
    const { config } = await manager.streams.info(`KV_${BUCKET}`);
    if (config.max_age !== nanos(ttlMs)) {
      const duplicateWindow = Math.min(config.duplicate_window, nanos(ttlMs));
      await manager.streams.update(config.name, {
        max_age: nanos(ttlMs),
        duplicate_window: duplicateWindow,
      });
    }
    return new JetStreamLeaderLease(bucket, ttlMs, options);
  }

  async acquire(signal: AbortSignal): Promise<AbortSignal> {
    const candidate = crypto.randomUUID();
    const pollMs = Math.min(POLL_MS_MAX, this.ttlMs / 4);
    for (;;) {
      signal.throwIfAborted();
      const held = await this.tryTake(candidate);
      if (held !== null) {
        if (!signal.aborted) return this.hold(candidate, held, signal);
        await this.giveUp(held);
      }
      await delay(pollMs, undefined, { signal });
    }
  }

  /** `null` when another candidate holds the lease, or the server cannot be reached. */
  private async tryTake(candidate: string): Promise<Held | null> {
    const { name, logger } = this.options;
    const renewedAtMs = performance.now();
    try {
      const entry = await this.bucket.get(name);
      if (entry?.operation === 'PUT') {
        // An entry of ours is one whose creation was not answered.
        if (entry.string() !== candidate) return null;
        return await this.renew(candidate, { revision: entry.revision, renewedAtMs });
      }
      return { revision: await this.bucket.create(name, candidate), renewedAtMs };
    } catch (error) {
      logger.debug({ err: error, lease: name }, 'lease was not taken');
      return null;
    }
  }

  /** Renews until `signal` aborts or the lease is lost; whichever comes first aborts the result. */
  private hold(candidate: string, taken: Held, signal: AbortSignal): AbortSignal {
    const { name, logger } = this.options;
    const ended = new AbortController();
    let held = taken;
    const end = (): void => {
      clearTimeout(timer);
      ended.abort();
    };
    const giveUp = (): void => {
      end();
      void this.giveUp(held);
    };
    const tick = async (): Promise<void> => {
      const renewed = await this.tryRenew(candidate, held);
      if (ended.signal.aborted) return void (renewed !== null && this.giveUp(renewed));
      held = renewed ?? held;
      const remainingMs = held.renewedAtMs + this.ttlMs - performance.now();
      if (renewed === null && remainingMs <= 0) {
        signal.removeEventListener('abort', giveUp);
        logger.warn({ lease: name }, 'lease lost');
        return end();
      }
      schedule(renewed === null ? Math.min(remainingMs, this.ttlMs / 10) : this.ttlMs / 3);
    };
    let timer: NodeJS.Timeout;
    const schedule = (delayMs: number): void => {
      timer = setTimeout(() => void tick(), delayMs);
    };
    schedule(this.ttlMs / 3);
    signal.addEventListener('abort', giveUp, { once: true });
    return ended.signal;
  }
}
