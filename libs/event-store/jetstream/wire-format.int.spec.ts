import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { silentLogger } from '#libs/platform/logger.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { A_JOB, jobCompleted } from '#test/support/job.builders.ts';
import { apiName } from '#libs/domain/kernel/ids.ts';
import { eventId } from '../event-ids.ts';
import { JetStreamEventStore } from './jetstream-event-store.ts';

let server: TestNatsServer;
let nats: NatsConnection;
beforeAll(async () => {
  server = await TestNatsServer.start();
  nats = await connect({ servers: server.url });
});
afterAll(async () => {
  await nats.close();
  await server.stop();
});

const text = (base64: string): string => Buffer.from(base64, 'base64').toString();

/** What the server keeps of a message, as it gives it to anybody who asks. */
async function storedMessage(seq: number): Promise<Record<'subject' | 'headers' | 'data', string>> {
  const answer = await nats.request(
    '$JS.API.STREAM.MSG.GET.CORTEX_EVENTS',
    JSON.stringify({ seq }),
  );
  const { message } = answer.json<{ message: Record<'subject' | 'hdrs' | 'data', string> }>();
  return { subject: message.subject, headers: text(message.hdrs), data: text(message.data) };
}

describe('an event on NATS', () => {
  it('is a CloudEvent in binary mode, byte for byte', async () => {
    const store = await JetStreamEventStore.open(nats, { logger: silentLogger });
    const event = jobCompleted();
    const lane = { kind: 'job', apiName: apiName('sum'), jobId: A_JOB } as const;
    const at = '2026-11-26T10:31:05.123Z';
    await store.append(lane, { id: eventId(event), at, event }, 0);

    const { subject, headers, data } = await storedMessage(1);
    expect(subject).toBe('cortex.events.sum.jobs.00000000000000aa.job');
    expect(headers.split('\r\n').filter((line) => !line.startsWith('Nats-Expected-'))).toEqual([
      'NATS/1.0',
      'ce-specversion: 1.0',
      'ce-id: 00000000000000aa.JobCompleted',
      'ce-source: /apis/sum',
      'ce-type: dev.cortex.batch.JobCompleted.v1',
      'ce-subject: jobs/00000000000000aa',
      'ce-time: 2026-11-26T10:31:05.123Z',
      'ce-datacontenttype: application/json',
      'Nats-Msg-Id: 00000000000000aa.JobCompleted',
      '',
      '',
    ]);
    expect(data).toBe(
      '{"jobId":"00000000000000aa","status":"succeeded","reason":null,' +
        '"completionHook":{"result":"succeeded","attempts":1,"message":null}}',
    );
    await store.close();
  });
});
