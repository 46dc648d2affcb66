import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { JetStreamBatchQueue } from '#libs/batch-queue/jetstream/jetstream-batch-queue.ts';
import { JetStreamEventStore } from '#libs/event-store/jetstream/jetstream-event-store.ts';
import { JetStreamBlobStore } from '#libs/object-store/jetstream/jetstream-blob-store.ts';
import { InMemoryInputFiles } from '#libs/object-store/in-memory/in-memory-input-files.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { connectNats } from '#libs/platform/nats/nats-connection.ts';
import { NatsRequestClient } from '#libs/platform/nest/request-client.ts';
import { startStatusProjector } from '#test/support/gateway-status-projector.ts';
import { aPodApi, aSubmission } from '#test/support/gateway.ts';
import { TestNatsServer } from '#test/support/nats-server.ts';
import { createGateway } from './gateway.module.ts';
import { NatsStatusQueries } from './nats-status-queries.ts';
import { jobDetailsDocument } from './openapi/documents.schema.ts';

const logger = silentLogger;

let server: TestNatsServer;
let nats: NatsConnection;
let url: string;
let startProjector: () => Promise<() => Promise<void>>;
let close: () => Promise<void>;

beforeAll(async () => {
  server = await TestNatsServer.start();
  nats = await connectNats(server.url, { name: 'test', logger });
  const store = await JetStreamEventStore.open(nats, { logger });
  const questions = new NatsRequestClient(server.url);
  const app = await createGateway({
    config: { publicUrl: null, compute: 'local', isReadOnly: false },
    store,
    blobs: await JetStreamBlobStore.open(nats),
    queue: await JetStreamBatchQueue.open(nats, { logger, leaseMs: 10_000 }),
    inputFiles: new InMemoryInputFiles(),
    queries: new NatsStatusQueries(questions, nats),
    clock: systemClock,
    logger,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  url = await app.getUrl();
  startProjector = () => startStatusProjector(store, server.url);
  close = async () => {
    await app.close();
    await questions.close();
    await store.close();
    await nats.close();
  };
});
afterAll(async () => {
  await close();
  await server.stop();
});

const request = (method: string, path: string, body?: string) =>
  fetch(`${url}${path}`, { method, ...(body !== undefined && { body }) });

describe('the gateway on a real nats-server', () => {
  it('refuses with 503 at once while nobody answers queries', async () => {
    const startedAt = performance.now();
    const response = await request('POST', '/sum', aSubmission());
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(performance.now() - startedAt).toBeLessThan(4000);
    expect((await request('GET', '/readyz')).status).toBe(503);
    expect((await request('GET', '/livez')).status).toBe(200);
  });

  it('deploys, submits and shows a job with every byte of its config', async () => {
    const stopProjector = await startProjector();
    expect((await request('PUT', '/v1/apis', JSON.stringify([aPodApi()]))).status).toBe(200);
    const config = '{"n":9007199254740993,"2":"ü","1":1.50}';
    const body = aSubmission({ config: 'HERE' }).replace('"HERE"', config);

    const submitted = await request('POST', '/sum', body);
    const text = await submitted.text();
    expect(submitted.status).toBe(200);
    expect(text).toContain(`"config":${config}`);
    const { job_id: id, sqs_url: queueUrl } = JSON.parse(text) as Record<string, string>;
    expect(queueUrl).toMatch(/^nats:\/\//);

    const status = await (await request('GET', `/sum?jobID=${id}`)).text();
    expect(status).toContain(`"config":${config}`);
    const job = jobDetailsDocument.strict().parse(JSON.parse(status));
    expect(job.job_status).toMatchObject({ job_id: id, status: 'pending' });
    await stopProjector();
  });

  it('makes one job of one Idempotency-Key sent many times at once', async () => {
    const stopProjector = await startProjector();
    const headers = { 'idempotency-key': 'k' };
    const responses = await Promise.all(
      Array.from({ length: 5 }, () =>
        fetch(`${url}/sum`, { method: 'POST', headers, body: aSubmission() }),
      ),
    );
    const bodies = await Promise.all(responses.map((response) => response.text()));
    expect(new Set(bodies).size).toBe(1);
    expect(responses[0]?.status).toBe(200);
    await stopProjector();
  });

  it('refuses with 503 while NATS is down, and works again when it is back', async () => {
    const stopProjector = await startProjector();
    await server.kill();
    expect((await request('POST', '/sum', aSubmission())).status).toBe(503);
    await server.restart();
    let status = 503;
    while (status === 503) ({ status } = await request('POST', '/sum', aSubmission()));
    expect(status).toBe(200);
    await stopProjector();
  });
});
