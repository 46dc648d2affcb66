import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '#test/support/free-port.ts';
import { helloWorld, JOB_ID, jobDetails, runningJob } from '#test/support/gateway-answers.ts';
import { RecordedGateway } from '#test/support/recorded-gateway.ts';
import { GatewayUnreachable } from './client-errors.ts';
import { GatewayClient } from './gateway-client.ts';

let gateway: RecordedGateway;
let client: GatewayClient;
beforeEach(async () => {
  gateway = await RecordedGateway.start();
  client = new GatewayClient(gateway.url);
});
afterEach(() => gateway.stop());

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const lastRequest = () => gateway.received.at(-1);

describe('answers', () => {
  it('are given parsed and as they were sent', async () => {
    const json = JSON.stringify(jobDetails(runningJob)).replace('null', '9007199254740993');
    gateway.on(`GET /v1/jobs/${JOB_ID}`, { body: json });
    const answer = await client.getJob(JOB_ID);
    expect(answer.value.job_status.batch_metrics.succeeded).toBe(12);
    expect(answer.json).toBe(json);
  });

  it('of a newer gateway may have more members', async () => {
    gateway.on('GET /v1/apis/hello-world', { body: { ...helloWorld, extra: 1 } });
    expect((await client.getApi('hello-world')).value.spec.networking.endpoint).toBe(
      '/hello-world',
    );
  });

  it('come from below a path too', async () => {
    gateway.on('GET /cortex/v1/apis', { body: [] });
    const below = new GatewayClient(`${gateway.url}/cortex/`);
    expect((await below.listApis()).value).toEqual([]);
  });
});

describe('requests', () => {
  it('carry a submission byte for byte', async () => {
    const submission = '{ "b": 9007199254740993,\n"a": "ü" }';
    gateway.on('POST /hello-world', { body: runningJob });
    await client.submitJob('/hello-world', bytes(submission), { idempotencyKey: 'k 1' });
    expect(lastRequest()?.body.toString()).toBe(submission);
    expect(lastRequest()?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'k 1',
    });
  });

  it('carry configuration and code in parts', async () => {
    gateway.on('PUT /v1/apis', { body: [{ message: 'created a (BatchAPI)' }] });
    const deployment = {
      config: bytes('- name: ü'),
      fileName: 'api.yaml',
      code: bytes('\u0000code'),
    };
    await client.deployApis(deployment);
    const { headers, body } = lastRequest() ?? {};
    const form = await new Response(new Uint8Array(body ?? []), {
      headers: { 'content-type': headers?.['content-type'] ?? '' },
    }).formData();
    const parts = [...form.entries()].map(([name, part]) =>
      typeof part === 'string' ? [name, part] : [name, part.name, part.size],
    );
    expect(parts).toEqual([
      ['config', 'api.yaml', 10],
      ['code', 'code.tar.gz', 5],
    ]);
  });

  it('escape what names hold', async () => {
    await expect(client.getApi('a/../b?c')).rejects.toThrow('/v1/apis/a%2F..%2Fb%3Fc');
    gateway.on('GET /v1/jobs?api=a%26b&limit=5&cursor=x', {
      body: { jobs: [], next_cursor: null },
    });
    const page = await client.listJobs({ apiName: 'a&b', countMax: 5, cursor: 'x' });
    expect(page.value.next_cursor).toBeNull();
  });

  it("read a worker's log from where they left off", async () => {
    gateway.on(`GET /v1/jobs/${JOB_ID}/workers/0/log?offset=7`, {
      headers: { 'X-Cortex-Next-Offset': '10', 'X-Cortex-Log-Open': 'true' },
      body: new Uint8Array([0xff, 0x00, 0x0a]),
    });
    expect(await client.readWorkerLog(JOB_ID, '0', 7)).toEqual({
      bytes: new Uint8Array([0xff, 0x00, 0x0a]),
      nextOffset: 10,
      isOpen: true,
    });
  });
});

describe('what goes wrong', () => {
  it('is an ApiError with status and kind when the gateway refuses', async () => {
    gateway.on('DELETE /hello-world?jobID=1', {
      status: 409,
      body: { kind: 'job.has_ended', message: 'job 1 has ended' },
    });
    await expect(client.stopJob('/hello-world', '1')).rejects.toMatchObject({
      name: 'ApiError',
      status: 409,
      kind: 'job.has_ended',
      message: 'job 1 has ended',
    });
  });

  it('is a GatewayUnreachable with advice when nothing listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const failure = new GatewayClient(url).listApis();
    await expect(failure).rejects.toThrow(GatewayUnreachable);
    await expect(failure).rejects.toThrow(
      `cannot reach the gateway at ${url} (connect ECONNREFUSED 127.0.0.1`,
    );
    await expect(failure).rejects.toThrow(/npm start.*CORTEX_URL/);
  });

  it.each([
    ['an error page', { status: 502, body: '<html>' }, 'answered HTTP 502 without a reason'],
    ['a page', { body: '<html>' }, 'not from a gateway of this version'],
    ['other JSON', { body: { apis: [] } }, 'not from a gateway of this version'],
  ])('is an UnexpectedAnswer for %s', async (_what, answer, message) => {
    gateway.on('GET /v1/apis', answer);
    await expect(client.listApis()).rejects.toMatchObject({
      name: 'UnexpectedAnswer',
      message: expect.stringContaining(message),
    });
  });

  it.each(['localhost:8888', 'ftp://x', '', '/'])('is an InvalidGatewayUrl for "%s"', (url) => {
    expect(() => new GatewayClient(url)).toThrow(`"${url}" is not the address of a gateway`);
  });
});
