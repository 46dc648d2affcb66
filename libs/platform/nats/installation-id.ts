import { randomBytes } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { Kvm, type KvEntry } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { declareTogether } from './declare-together.ts';
import { untilAnswered } from './until-answered.ts';

const BUCKET = 'CORTEX_INSTALLATION';
const KEY = 'id';
/** Two of a thousand installations are given the same with a probability of 1 in 8,600. */
const ID_BYTES = 4;
const TIMEOUT_MS = 1000;

/**
 * What this installation is known by where several meet, for example in one AWS account: 8 hex
 * digits, drawn once and kept as long as NATS keeps its data.
 */
export function installationId(connection: NatsConnection): Promise<string> {
  const kvm = new Kvm(jetstream(connection, { timeout: TIMEOUT_MS }));
  return untilAnswered(() => foundOrDrawn(kvm));
}

async function foundOrDrawn(kvm: Kvm): Promise<string> {
  const bucket = await declareTogether(() => kvm.create(BUCKET, { history: 1 }));
  const drawn = randomBytes(ID_BYTES).toString('hex');
  const found = await bucket.get(KEY);
  if (isThere(found)) return found.string();
  try {
    await bucket.create(KEY, drawn);
    return drawn;
  } catch (error) {
    const others = await bucket.get(KEY); // Another process was faster.
    if (!isThere(others)) throw error;
    return others.string();
  }
}

const isThere = (entry: KvEntry | null): entry is KvEntry => entry?.operation === 'PUT';
