import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager, type StoredMsg } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { type AuditVerdict, ExportVerifier } from '#libs/audit/verify-export.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { submitted } from '#test/support/history.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { writeHistory } from '#test/support/sealed-log.ts';
import { exportLog } from './export-log.ts';

const STREAM = 'CORTEX_EVENTS';
const JOB = { apiName: apiName('sum'), jobId: A_JOB };

let original: TestNatsServer;
let copy: TestNatsServer;
/** Nine events, two of them checkpoints: at 4, of 1 to 3, and at 8, of 4 to 7. */
let messages: StoredMsg[];

beforeEach(async () => {
  [original, copy] = await Promise.all([TestNatsServer.start(), TestNatsServer.start()]);
  const nats = await connect({ servers: original.url });
  const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
  const events = [submitted, ...[0, 1, 2, 3, 4, 5].map((index) => batchSucceeded({ index }))];
  const history = events.map((event) => ({ event, at: '2026-11-23T10:00:00.000Z' }));
  await writeHistory(store, JOB, history, 3);
  const manager = await jetstreamManager(nats);
  messages = [];
  for (let seq = 1; seq <= (await store.lastPosition()); seq++) {
    const message = await manager.streams.getMessage(STREAM, { seq });
    if (message !== null) messages.push(message);
  }
  await store.close();
  await nats.close();
});
afterEach(() => Promise.all([original.stop(), copy.stop()]));

/** The log of a server that somebody filled by hand, with the times of the original. */
async function verdictOfCopy(
  kept: readonly StoredMsg[],
  change: { readonly seq: number; readonly data: string } | null = null,
  deleted: number | null = null,
): Promise<AuditVerdict> {
  const nats = await connect({ servers: copy.url });
  const manager = await jetstreamManager(nats);
  await manager.streams.add({ name: STREAM, subjects: ['cortex.events.>'] });
  for (const message of kept) {
    const given = headers();
    for (const [name, values] of message.header) {
      if (name.startsWith('ce-')) for (const value of values) given.append(name, value);
    }
    given.set('Cortex-Stored-At', message.time.toISOString());
    const data = change?.seq === message.seq ? change.data : message.data;
    await jetstream(nats).publish(message.subject, data, { headers: given });
  }
  if (deleted !== null) await manager.streams.deleteMessage(STREAM, deleted);
  const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
  const verifier = new ExportVerifier();
  const { signal } = new AbortController();
  for await (const line of exportLog(store, { scope: { apiName: null, jobId: null }, signal })) {
    verifier.take(line.subarray(0, -1));
  }
  await store.close();
  await nats.close();
  return verifier.finish();
}

const texts = ({ problems }: AuditVerdict): string[] =>
  problems.map(({ positions, message }) => `${positions ?? '-'}: ${message}`);

describe('a stream', () => {
  it('that is a true copy is verified', async () => {
    expect(messages).toHaveLength(9);
    expect(await verdictOfCopy(messages)).toMatchObject({
      problems: [],
      eventCount: 9,
      checkpointCount: 2,
      unsealedCount: 1,
    });
  });

  it.each([
    [1, '1 to 3'],
    [3, '1 to 3'],
    [6, '4 to 7'],
  ])('in which event %i was changed names the interval', async (seq, interval) => {
    const text = messages[seq - 1]?.string() ?? '';
    const verdict = await verdictOfCopy(messages, { seq, data: text.replace('{', '{"x":1,') });
    expect(texts(verdict)).toEqual([expect.stringMatching(`^${interval}: an event was changed`)]);
  });

  it.each([
    [2, '1 to 3'],
    [7, '4 to 7'],
  ])('of which message %i was deleted names its place', async (seq, interval) => {
    const verdict = await verdictOfCopy(messages, null, seq);
    expect(texts(verdict)).toEqual([
      expect.stringMatching(`^${interval}: an event was removed: .*; nothing stands at ${seq}$`),
    ]);
  });

  it('of which a checkpoint was deleted names the one behind it', async () => {
    const verdict = await verdictOfCopy(messages, null, 4);
    expect(texts(verdict)[0]).toMatch(/^8: the checkpoint does not follow/);
  });

  it('in which two events changed places names the interval', async () => {
    const [first, second, third, ...others] = messages;
    const swapped = [first, third, second, ...others].filter((each) => each !== undefined);
    expect(texts(await verdictOfCopy(swapped))).toEqual([
      expect.stringMatching('^1 to 3: an event was changed or moved'),
    ]);
  });

  it('into which an event was inserted names the first interval that is not as it was', async () => {
    const [first] = messages;
    const inserted =
      first === undefined ? [] : [...messages.slice(0, 2), first, ...messages.slice(2)];
    expect(texts(await verdictOfCopy(inserted))[0]).toMatch(
      /^1 to 3: an event was changed or moved/,
    );
  });
});
