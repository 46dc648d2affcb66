// Sends every job that has ended to a URL: node bridge.ts https://example.com/hook
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

const url = process.argv[2] ?? '';
const { NATS_URL: servers, NATS_USER: user, NATS_PASSWORD: pass } = process.env;
const nats = await connect({ servers, user, pass, maxReconnectAttempts: -1 });
await (
  await jetstreamManager(nats)
).consumers.add('CORTEX_EVENTS', {
  durable_name: 'bridge',
  filter_subject: 'cortex.events.*.jobs.*.job',
  ack_policy: AckPolicy.Explicit,
  ack_wait: 30_000_000_000, // Nanoseconds: longer than a request may take.
});
const consumer = await jetstream(nats).consumers.get('CORTEX_EVENTS', 'bridge');

for await (const message of await consumer.consume({ max_messages: 10 })) {
  const attributes = [...(message.headers ?? [])].filter(([name]) => name.startsWith('ce-'));
  const headers = Object.fromEntries(attributes.map(([name, [value = '']]) => [name, value]));
  if (!headers['ce-type']?.includes('.JobCompleted.')) {
    message.ack();
    continue;
  }
  headers['content-type'] = headers['ce-datacontenttype'] ?? 'application/json';
  const request = {
    method: 'POST',
    headers,
    body: message.data,
    signal: AbortSignal.timeout(10_000),
  };
  const answer = await fetch(url, request).catch(() => null);
  if (answer?.ok) message.ack();
  else message.nak(2000); // Offered again in 2 s, with the same ce-id.
}
