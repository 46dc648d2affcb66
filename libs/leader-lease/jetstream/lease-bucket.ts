import type { JetStreamClient, StreamConfig } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { nanos } from '@nats-io/transport-node';
import { declareTogether, isNameInUse } from '#libs/platform/nats/declare-together.ts';
import { untilAnswered } from '#libs/platform/nats/until-answered.ts';

const BUCKET = 'CORTEX_LEADERS';

/**
 * Makes the bucket, or brings an existing one to this `ttlMs`; asks again while there is no answer.
 * Many may do so at once: to do it twice is to do it once, and of several times to live one wins.
 */
export function openLeaseBucket(client: JetStreamClient, ttlMs: number): Promise<KV> {
  return untilAnswered(async () => {
    const { allow_direct } = await declareTogether(() => declareBucket(client, ttlMs));
    return new Kvm(client).open(BUCKET, { allow_direct });
  });
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
