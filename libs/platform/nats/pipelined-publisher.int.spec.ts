import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { silentLogger } from '#libs/platform/logger.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { connectNats } from './nats-connection.ts';
import {
  type OutgoingMessage,
  PipelinedPublisher,
  PublishRefused,
  PublishUnanswered,
} from './pipelined-publisher.ts';

let server: TestNatsServer;
let connection: NatsConnection;
let manager: JetStreamManager;
let publisher: PipelinedPublisher;

beforeEach(async () => {
  server = await TestNatsServer.start();
  connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'SPEC', subjects: ['spec.>'], discard: 'new', max_msgs: 5000 });
  publisher = new PipelinedPublisher(connection);
});

afterEach(async () => {
  publisher.close();
  await connection.close();
  await server.stop();
});

const message = (id: number, changes: Partial<OutgoingMessage> = {}): OutgoingMessage => {
  const given = headers();
  given.set('Nats-Msg-Id', String(id));
  return { subject: 'spec.a', payload: Buffer.from(String(id)), headers: given, ...changes };
};
const numbered = (length: number): OutgoingMessage[] =>
  Array.from({ length }, (_, n) => message(n));
const storedCount = async (): Promise<number> =>
  (await manager.streams.info('SPEC')).state.messages;

describe('PipelinedPublisher', () => {
  it('resolves with the sequence a message is stored at', async () => {
    expect(await publisher.publish(message(1))).toEqual({ seq: 1, duplicate: false });
    expect(await publisher.publish(message(2))).toEqual({ seq: 2, duplicate: false });
  });

  it('tells a message that is stored already', async () => {
    await publisher.publish(message(1));
    expect(await publisher.publish(message(1))).toEqual({ seq: 1, duplicate: true });
  });

  it('stores more messages than may be in flight, in order', async () => {
    await publisher.publishAll(numbered(5000));
    const last = await manager.streams.getMessage('SPEC', { seq: 5000 });
    expect(last?.string()).toBe('4999');
  });

  it('reports each message that the stream refuses', async () => {
    const failed = await publisher.publishEach(numbered(5003));
    expect(failed.map((one) => one.message.payload.toString())).toEqual(['5000', '5001', '5002']);
    expect(failed[0]?.error).toBeInstanceOf(PublishRefused);
    expect(failed[0]?.error).toMatchObject({ code: 10077 }); // Maximum messages exceeded.
  });

  it('says that no stream listens', async () => {
    await expect(publisher.publish(message(1, { subject: 'nowhere' }))).rejects.toThrow(
      /no stream listens/,
    );
  });

  it('refuses a message that is too large for the server', async () => {
    const tooLarge = message(1, { payload: new Uint8Array(1024 * 1024) });
    await expect(publisher.publish(tooLarge)).rejects.toBeInstanceOf(PublishRefused);
    expect(await publisher.publish(message(2))).toMatchObject({ seq: 1 });
  });

  it('gives up waiting for an answer', async () => {
    connection.subscribe('mute', { callback: () => {} });
    const impatient = new PipelinedPublisher(connection, 1);
    await expect(impatient.publish(message(1, { subject: 'mute' }))).rejects.toBeInstanceOf(
      PublishUnanswered,
    );
    impatient.close();
  });

  it('rejects what is in flight when it is closed', async () => {
    const publishing = publisher.publish(message(1, { subject: 'mute' }));
    publisher.close();
    await expect(publishing).rejects.toBeInstanceOf(PublishUnanswered);
  });

  it('rejects what is published on a closed connection', async () => {
    await connection.close();
    await expect(publisher.publish(message(1))).rejects.toBeInstanceOf(PublishUnanswered);
    connection = await connectNats(server.url, { name: 'spec', logger: silentLogger });
  });

  it('stores every message once across a kill and restart of the server', async () => {
    const publishing = publisher.publishEach(numbered(5000));
    await server.restart();
    expect(await publishing).toEqual([]);
    expect(await storedCount()).toBe(5000);
  });

  it('sends what was published while the server was away', async () => {
    await server.kill();
    const publishing = publisher.publish(message(1));
    await server.restart();
    expect(await publishing).toMatchObject({ seq: 1 });
  });
});
