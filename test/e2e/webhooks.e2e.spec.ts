import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { jetstream } from '@nats-io/jetstream';
import { Webhook } from 'standardwebhooks';
import { HttpHandler, type SeenRequest } from '#test/support/http-handler.ts';
import { startPlatform, type TestPlatform } from '#test/support/platform.ts';
import { Recording } from '#test/support/recording.ts';
import { until } from '#test/support/until.ts';

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

let platform: TestPlatform;
let receiver: HttpHandler;
let answer: (response: ServerResponse) => void = (response) => response.end();

beforeAll(async () => {
  receiver = await HttpHandler.start((_, response) => answer(response));
  platform = await startPlatform({
    env: { WEBHOOK_SECRET: SECRET, WEBHOOK_ALLOW_PRIVATE: 'true', WEBHOOK_RETRY_MS: '400' },
  });
  const recording = new Recording(join(platform.dataDir, 'records'));
  await platform.deploy({
    ...recording.api('told'),
    webhooks: { on_complete: { url: url('/api') } },
  });
});
afterAll(async () => {
  await platform.stop();
  await receiver.stop();
});

const url = (path: string): string => `http://127.0.0.1:${receiver.port}${path}`;

async function submit(webhooks?: unknown): Promise<string> {
  const items = { items: [1, 2], batch_size: 1 };
  const job = await platform.submit('told', { workers: 1, item_list: items, webhooks });
  return job.job_id;
}

const requestsOf = (jobId: string): SeenRequest[] =>
  receiver.requests.filter(({ headers }) => headers['webhook-id'] === `${jobId}.JobCompleted`);

/** Types of what stands in the job's webhook lane. */
async function laneOf(jobId: string): Promise<string[]> {
  const nats = await connect({ servers: platform.natsUrl });
  try {
    const subject = `cortex.events.told.jobs.${jobId}.webhook`;
    const consumer = await jetstream(nats).consumers.get('CORTEX_EVENTS', {
      filter_subjects: subject,
    });
    const { num_pending: count } = await consumer.info(true);
    if (count === 0) return [];
    const types: string[] = [];
    for await (const message of await consumer.fetch({ max_messages: count, expires: 2000 })) {
      types.push(message.headers?.get('ce-type') ?? '');
    }
    return types;
  } finally {
    await nats.close();
  }
}

describe('a job whose API has a webhook', () => {
  it('tells it once it has ended, signed, with its status document', async () => {
    const jobId = await submit();
    const request = await until('the webhook', () => requestsOf(jobId)[0] ?? null);
    expect(request.url).toBe('/api');
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const told = new Webhook(SECRET).verify(request.body, headers);
    const jobStatus = await platform.jobStatus('told', jobId);
    expect(told).toMatchObject({ data: { jobId, status: 'succeeded', jobStatus } });
  });

  it('tells the one of its submission instead, across the death of the scheduler', async () => {
    answer = (response) => {
      response.statusCode = 503;
      response.end();
    };
    const jobId = await submit({ on_complete: { url: url('/job') } });
    const isRecorded = async (): Promise<boolean> => (await laneOf(jobId)).length > 0;
    await until('a failed attempt in the log', isRecorded);
    await platform.restart('scheduler');
    answer = (response) => response.end();
    const delivered = 'dev.cortex.batch.WebhookDelivered.v1';
    const types = await until('its delivery', async () => {
      const found = await laneOf(jobId);
      return found.includes(delivered) && found;
    });
    expect(types[0]).toBe('dev.cortex.batch.WebhookFailed.v1');
    expect(types.at(-1)).toBe(delivered);
    expect(new Set(requestsOf(jobId).map((request) => request.url))).toEqual(new Set(['/job']));
    expect(new Set(requestsOf(jobId).map(({ body }) => body)).size).toBe(1);
  });

  it('is refused when its submission names no URL', async () => {
    const body = {
      workers: 1,
      item_list: { items: [1], batch_size: 1 },
      webhooks: { on_complete: { url: 'ftp://example.com' } },
    };
    const refusal = await platform.ask('/told', { method: 'POST', body });
    expect(refusal.status).toBe(400);
    expect(JSON.parse(refusal.text).message).toMatch(/^webhooks: on_complete: url: must be a URL/);
  });
});
