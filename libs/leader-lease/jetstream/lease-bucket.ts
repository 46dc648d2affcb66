import type { JetStreamClient, StreamConfig } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { errors, nanos } from '@nats-io/transport-node';
import { declareTogether, isNameInUse } from '#libs/platform/nats/declare-together.ts';

const BUCKET = 'CORTEX_LEADERS';
/** A server that is away or overloaded for so long is worth a new start of the process. */
const PATIENCE_MS = 30_000;

/**
 * Makes the bucket, or brings an existing one to this `ttlMs`; asks again while there is no answer.
 * Many may do so at once: to do it twice is to do it once, and of several times to live one wins.
 */
export async function openLeaseBucket(client: JetStreamClient, ttlMs: number): Promise<KV> {
  const givesUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const { allow_direct } = await declareTogether(() => declareBucket(client, ttlMs));
      return await new Kvm(client).open(BUCKET, { allow_direct });
    } catch (error) {
      const isAway = error instanceof errors.TimeoutError && performance.now() < givesUpAt;
      if (!isAway) throw error;
    }
  }
}

async function declareBucket(client: JetStreamClient, ttlMs: number): Promise<StreamConfig> {
  const manager = await client.jetstreamManager();
  try {
    await new Kvm(client).create(BUCKET, { ttl: ttlMs, history: 1 });
  } catch (error) {
    if (!isNameInUse(error)) throw error; // Else another made it meanwhile, with another `ttlMs`.
  }
  const { config } = await manager.streams.info(`KV_${BUCKET}`);
  if (config.max_age === nanos(ttlMs)) return config;
  const duplicate_window = Math.min(config.duplicate_window, nanos(ttlMs));
  const settings = { max_age: nanos(ttlMs), duplicate_window };
  return (await manager.streams.update(config.name, settings)).config;
}
