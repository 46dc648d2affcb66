// Prints every failure of one API: node failures.ts my-api
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

const api = process.argv[2];
const { NATS_URL: servers, NATS_USER: user, NATS_PASSWORD: pass } = process.env;
const nats = await connect({ servers, user, pass, maxReconnectAttempts: -1 });
const manager = await jetstreamManager(nats);
await manager.consumers.add('CORTEX_EVENTS', {
  durable_name: `${api}-failures`,
  filter_subject: `cortex.events.${api}.jobs.>`,
  ack_policy: AckPolicy.Explicit,
});
const consumer = await jetstream(nats).consumers.get('CORTEX_EVENTS', `${api}-failures`);

for await (const message of await consumer.consume()) {
  const type = message.headers?.get('ce-type') ?? '';
  const data = message.json<{ status?: string }>();
  const isBad = /\.(BatchFailed|BatchDeadLettered|EnqueuingFailed)\.v\d+$/.test(type);
  const isBadEnd = type.includes('.JobCompleted.') && data.status !== 'succeeded';
  if (isBad || isBadEnd) console.log(type, JSON.stringify(data));
  message.ack();
}
