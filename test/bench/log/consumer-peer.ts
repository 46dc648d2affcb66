import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { EVENT_STREAM } from '#libs/event-store/jetstream/event-stream.ts';

/**
 * What reading a log cannot be done without: an ordered consumer of the client, the type in the
 * headers, the payload parsed. In a process of its own.
 */
const AHEAD_COUNT = 4096;

const nats = await connect({ servers: process.env['NATS_URL'] ?? '' });
const manager = await jetstreamManager(nats);
const { state } = await manager.streams.info(EVENT_STREAM);
const consumer = await jetstream(nats).consumers.get(EVENT_STREAM);

process.once('message', () => void read());
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function read(): Promise<void> {
  const startedAt = performance.now();
  const eventCounts = new Map<string, number>();
  let eventCount = 0;
  const messages = await consumer.consume({
    max_messages: AHEAD_COUNT,
    callback: (message) => {
      const type = message.headers?.get('ce-type') ?? '';
      const { jobId = '' } = message.json<{ jobId?: string }>();
      if (jobId !== '') eventCounts.set(type, (eventCounts.get(type) ?? 0) + 1);
      eventCount += 1;
      if (message.seq === state.last_seq) {
        const seconds = (performance.now() - startedAt) / 1000;
        const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
        process.send?.({ seconds, eventCount, peakMb });
        messages.stop();
      }
    },
  });
}
