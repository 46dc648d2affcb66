import { createServer, type Server, type Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { jobId, type JobId } from '#libs/domain/kernel/ids.ts';
import type { WebhookEvent } from '#libs/domain/webhook/webhook.events.ts';
import { HttpHandler, type SeenRequest } from '#test/support/http-handler.ts';
import { A_JOB, jobCompleted } from '#test/support/job.builders.ts';
import { Candidate, Scheduling } from '#test/support/scheduling.ts';
import { until } from '#test/support/until.ts';
import type { WebhookSettings } from './send-webhooks.ts';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const OLD_SECRET = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const settings: WebhookSettings = {
  secrets: [SECRET, OLD_SECRET],
  allowPrivate: true,
  timeoutMs: 10_000,
  retry: { firstWaitMs: 10, giveUpAfterMs: 60_000 },
};

let shared: Scheduling;
let receiver: HttpHandler;
let answer: (response: ServerResponse, request: SeenRequest) => void;
const candidates: Candidate[] = [];

beforeEach(async () => {
  shared = new Scheduling();
  answer = (response) => response.end();
  receiver = await HttpHandler.start((request, response) => answer(response, request));
});
afterEach(async () => {
  await Promise.all(candidates.splice(0).map((candidate) => candidate.stop()));
  await receiver.stop();
});

const status =
  (...statuses: readonly number[]) =>
  (response: ServerResponse): void => {
    response.statusCode = statuses[receiver.requests.length - 1] ?? statuses.at(-1) ?? 200;
    response.end();
  };
const lead = (changes: Partial<WebhookSettings> = {}): Candidate => {
  const candidate = new Candidate(shared, { webhooks: { ...settings, ...changes } });
  candidates.push(candidate);
  return candidate;
};

async function endJob(id: JobId = A_JOB, path = '/hook'): Promise<JobId> {
  await shared.submit({ jobId: id, onCompleteUrl: `http://127.0.0.1:${receiver.port}${path}` });
  await shared.decide(jobCompleted({ jobId: id, completionHook: null, status: 'worker_error' }));
  return id;
}

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: odd\r\n\r\n';

/** A receiver that need not speak HTTP. */
async function listen(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => onConnection(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
const close = (server: Server): Promise<unknown> => new Promise((done) => server.close(done));

async function endJobFor(server: Server): Promise<JobId> {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await shared.submit({ onCompleteUrl: `http://127.0.0.1:${port}/` });
  await shared.decide(jobCompleted());
  return A_JOB;
}

const recorded = async (id: JobId): Promise<WebhookEvent[]> =>
  (await shared.history(id)).filter(
    (event) => event.type === 'WebhookDelivered' || event.type === 'WebhookFailed',
  );
const settled = (id: JobId): Promise<WebhookEvent[]> =>
  until('the webhook to be settled', async () => {
    const events = await recorded(id);
    const last = events.at(-1);
    const isOpen = last?.type === 'WebhookFailed' && last.data.next === 'retry';
    return last !== undefined && !isOpen && events;
  });
const headersOf = ({ headers }: SeenRequest): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

describe('the webhook of a job that has ended', () => {
  it('is the signed JobCompleted with the status document, and recorded', async () => {
    lead();
    const id = await endJob();
    expect(await settled(id)).toEqual([
      {
        type: 'WebhookDelivered',
        data: { jobId: id, url: expect.stringMatching(/hook$/), attempt: 1, httpStatus: 200 },
      },
    ]);
    const [request] = receiver.requests;
    if (request === undefined) throw new Error('nothing was received');
    expect(request).toMatchObject({
      url: '/hook',
      headers: {
        'content-type': 'application/cloudevents+json',
        'webhook-id': `${id}.JobCompleted`,
      },
    });
    for (const secret of [SECRET, OLD_SECRET]) {
      expect(new Webhook(secret).verify(request.body, headersOf(request))).toMatchObject({
        specversion: '1.0',
        id: `${id}.JobCompleted`,
        source: '/apis/sum',
        type: 'dev.cortex.batch.JobCompleted.v1',
        subject: `jobs/${id}`,
        datacontenttype: 'application/json',
        data: {
          jobId: id,
          status: 'worker_error',
          jobStatus: { job_id: id, status: 'worker_error', batch_counts: { enqueued: 0 } },
        },
      });
    }
    const other = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
    expect(() => new Webhook(other).verify(request.body, headersOf(request))).toThrow('signature');
    expect(request.body).toContain('"b":9007199254740993'); // The user's config, digit by digit.
  });

  it('is sent again with the same id and body until it is taken', async () => {
    answer = status(500, 302, 404, 204);
    lead();
    const events = await settled(await endJob());
    expect(events.map(({ type, data }) => [type, data.attempt])).toEqual([
      ['WebhookFailed', 1],
      ['WebhookFailed', 2],
      ['WebhookFailed', 3],
      ['WebhookDelivered', 4],
    ]);
    expect(events[0]?.data).toMatchObject({
      reason: { kind: 'webhook.status', message: 'the receiver answered 500' },
      retryAt: expect.stringMatching(/Z$/),
    });
    expect(new Set(receiver.requests.map(({ body }) => body)).size).toBe(1);
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('does not follow a redirect', async () => {
    answer = (response, { url }) => {
      if (url === '/hook' && receiver.requests.length === 1) {
        response.writeHead(307, { location: '/elsewhere' });
      }
      response.end();
    };
    lead();
    await settled(await endJob());
    expect(receiver.requests.map(({ url }) => url)).toEqual(['/hook', '/hook']);
  });

  it('is not waited for longer than the limit, however slowly an answer begins', async () => {
    const slow = await listen((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1'.slice(0, 1)), 10);
      socket.on('close', () => clearInterval(timer));
    });
    lead({ timeoutMs: 200, retry: { firstWaitMs: 10, giveUpAfterMs: 0 } });
    const [failed] = await settled(await endJobFor(slow));
    expect(failed?.data).toMatchObject({ next: 'give-up', reason: { kind: 'webhook.no_answer' } });
    await close(slow);
  });

  it.each([
    ['switches to another protocol', SWITCHING, 'the receiver answered 101'],
    ['hangs up', null, expect.stringMatching(/socket hang up|closed|reset/)],
  ])('is not taken by a receiver that %s', async (_, answered, message) => {
    const odd = await listen((socket) => {
      socket.once('data', () => (answered === null ? socket.end() : socket.write(answered)));
    });
    lead({ retry: { firstWaitMs: 10, giveUpAfterMs: 0 } });
    const [failed] = await settled(await endJobFor(odd));
    expect(failed?.data).toMatchObject({ next: 'give-up', reason: { message } });
    await close(odd);
  });

  it('is given up when its time is over', async () => {
    answer = status(503);
    lead({ retry: { firstWaitMs: 20, giveUpAfterMs: 400 } });
    const events = await settled(await endJob());
    expect(events.length).toBeGreaterThan(1);
    expect(events.at(-1)?.data).toMatchObject({ next: 'give-up', retryAt: null });
  });

  it('goes nowhere private unless that is allowed', async () => {
    lead({ allowPrivate: false });
    const [failed] = await settled(await endJob());
    expect(failed?.data).toMatchObject({
      next: 'give-up',
      reason: {
        kind: 'webhook.private_address',
        message: '127.0.0.1 is at no address of the public internet',
      },
    });
    await shared.submit({
      jobId: jobId('00000000000000a9'),
      onCompleteUrl: `http://localhost:${receiver.port}/`,
    });
    await shared.decide(jobCompleted({ jobId: jobId('00000000000000a9') }));
    const [byName] = await settled(jobId('00000000000000a9'));
    expect(byName?.data).toMatchObject({ reason: { kind: 'webhook.private_address' } });
    expect(receiver.connectionCount).toBe(0);
  });

  it('is not sent without a secret to sign it with', async () => {
    lead({ secrets: [] });
    const [failed] = await settled(await endJob());
    expect(failed?.data).toMatchObject({ reason: { kind: 'webhook.no_secret' } });
    expect(receiver.requests).toEqual([]);
  });

  it('is sent by whoever takes over, as often as is left', async () => {
    answer = status(503);
    const first = lead({ retry: { firstWaitMs: 500, giveUpAfterMs: 60_000 } });
    const id = await endJob();
    await until('a failure', async () => (await recorded(id)).length > 0);
    await first.stop();
    answer = status(200);
    lead();
    const events = await settled(id);
    expect(events.at(-1)).toMatchObject({ type: 'WebhookDelivered' });
    expect(events.map(({ data }) => data.attempt)).toEqual(events.map((_, place) => place + 1));
  });
});

describe('a receiver that is gone', () => {
  it('is not told of later jobs of the API, and others are', async () => {
    answer = (response, { url }) => {
      response.statusCode = url === '/gone' ? 410 : 200;
      response.end();
    };
    lead();
    const [first] = await settled(await endJob(jobId('00000000000000a3'), '/gone'));
    expect(first?.data).toMatchObject({ next: 'disable', retryAt: null });
    const [second] = await settled(await endJob(jobId('00000000000000a2'), '/gone'));
    expect(second?.data).toMatchObject({ next: 'give-up', reason: { kind: 'webhook.disabled' } });
    const [third] = await settled(await endJob(jobId('00000000000000a1'), '/other'));
    expect(third?.type).toBe('WebhookDelivered');
    expect(receiver.requests.map(({ url }) => url)).toEqual(['/gone', '/other']);
  });
});
