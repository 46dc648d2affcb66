// Adds every job that has ended to a file, once: node completed.ts completed.ndjson
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

const file = process.argv[2] ?? 'completed.ndjson';
const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
let position: number = JSON.parse(lines.at(-1) ?? '{"position":0}').position;

const { NATS_URL: servers, NATS_USER: user, NATS_PASSWORD: pass } = process.env;
const nats = await connect({ servers, user, pass, maxReconnectAttempts: -1 });
await (
  await jetstreamManager(nats)
).consumers.add('CORTEX_EVENTS', {
  durable_name: 'completed-jobs',
  filter_subject: 'cortex.events.*.jobs.*.job',
  ack_policy: AckPolicy.Explicit,
  ack_wait: 5_000_000_000, // Nanoseconds until what was not acknowledged comes again.
  max_ack_pending: 1, // One after the other, so that a lower position was seen before.
});
const consumer = await jetstream(nats).consumers.get('CORTEX_EVENTS', 'completed-jobs');

for await (const message of await consumer.consume()) {
  const isEnd = message.headers?.get('ce-type').startsWith('dev.cortex.batch.JobCompleted.');
  if (isEnd && message.seq > position) {
    position = message.seq;
    appendFileSync(file, `${JSON.stringify({ position, ...message.json<object>() })}\n`);
  }
  message.ack();
}
