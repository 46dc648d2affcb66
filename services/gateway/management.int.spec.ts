import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';
import { MANAGEMENT_ROUTES } from './management-routes.ts';
import {
  apiDetailsDocument,
  apiSummariesDocument,
  readinessDocument,
} from './openapi/documents.schema.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.start();
});
afterEach(() => gateway.stop());

const ask = async (
  method: string,
  path: string,
): Promise<{ status: number; allow: string | null; body: unknown }> => {
  const response = await gateway.request(method, path);
  const allow = response.headers.get('allow');
  return { status: response.status, allow, body: await response.json() };
};

const submit = async (): Promise<string> => {
  const response = await gateway.request('POST', '/sum', { body: aSubmission() });
  return ((await response.json()) as { job_id: string }).job_id;
};

describe('GET /v1/apis', () => {
  it('lists what is deployed by name', async () => {
    expect((await ask('GET', '/v1/apis')).body).toEqual([]);
    await gateway.deploy();
    await gateway.deploy({ name: 'avg' });
    const id = await submit();
    const { status, body } = await ask('GET', '/v1/apis');
    expect(status).toBe(200);
    expect(apiSummariesDocument.parse(body)).toMatchObject([
      { name: 'avg', active_job_count: 0, latest_job: null },
      {
        name: 'sum',
        endpoint: `${gateway.url}/sum`,
        active_job_count: 1,
        latest_job: { job_id: id },
      },
    ]);
  });
});

describe('GET /v1/apis/<name>', () => {
  it('answers with the newest jobs and all versions', async () => {
    await gateway.deploy();
    const ids: string[] = [];
    for (let n = 0; n < 11; n++) ids.unshift(await submit());
    await gateway.deploy({ node_groups: ['cpu'] });

    const { status, body } = await ask('GET', '/v1/apis/sum');
    expect(status).toBe(200);
    const api = apiDetailsDocument.strict().parse(body);
    expect(api.job_statuses.map((job) => job.job_id)).toEqual(ids.slice(0, 10));
    expect(api.api_versions.map((version) => version.api_id)).toEqual([
      api.spec.id,
      api.job_statuses[0]?.api_id,
    ]);
    expect(api.spec.node_groups).toEqual(['cpu']);
  });

  it('does not find what is not deployed', async () => {
    expect(await ask('GET', '/v1/apis/none')).toMatchObject({
      status: 404,
      body: { kind: 'api.not_deployed', message: 'none is not deployed' },
    });
  });
});

describe('DELETE /v1/apis/<name>', () => {
  it('stops the jobs of the API, and keeps their history', async () => {
    await gateway.deploy();
    const [ended, active] = [await submit(), await submit()];
    await gateway.completeJob('sum', ended);

    expect(await ask('DELETE', '/v1/apis/sum')).toMatchObject({
      status: 200,
      body: { message: 'deleting sum' },
    });
    expect(await gateway.eventsOf('sum', active)).toMatchObject([
      { type: 'JobSubmitted' },
      { type: 'JobStopRequested', data: { reason: { kind: 'api.deleted' } } },
    ]);
    expect(await gateway.eventsOf('sum', ended)).toHaveLength(2);
    expect((await ask('GET', '/v1/apis')).body).toEqual([]);
    expect(await ask('GET', `/v1/jobs/${active}`)).toMatchObject({ status: 200 });
    expect((await gateway.request('POST', '/sum', { body: aSubmission() })).status).toBe(404);
  });

  it('stops what an earlier attempt left, then finds nothing any more', async () => {
    await gateway.deploy();
    const id = await submit();
    gateway.store.failAppendsOf = { type: 'JobStopRequested', after: false };
    expect(await ask('DELETE', '/v1/apis/sum')).toMatchObject({ status: 503 });
    gateway.store.failAppendsOf = null;
    expect(await ask('DELETE', '/v1/apis/sum')).toMatchObject({ status: 200 });
    await gateway.completeJob('sum', id);
    expect(await ask('DELETE', '/v1/apis/sum')).toMatchObject({ status: 404 });
  });

  it.each(['none', '*', '%3E', 'a.b'])('does not find %s', async (name) => {
    await gateway.deploy();
    expect(await ask('DELETE', `/v1/apis/${name}`)).toMatchObject({ status: 404 });
  });

  it('lets an API be deployed again', async () => {
    await gateway.deploy();
    await gateway.request('DELETE', '/v1/apis/sum');
    const [answer] = (await (await gateway.deploy()).json()) as { message: string }[];
    expect(answer?.message).toBe('created sum (BatchAPI)');
  });
});

describe('health', () => {
  it('is alive without any other service', async () => {
    gateway.store.isDown = true;
    expect(await ask('GET', '/livez')).toMatchObject({ status: 200, body: { status: 'alive' } });
  });

  it('is ready when the event store and every service are', async () => {
    const { status, body } = await ask('GET', '/readyz');
    expect(status).toBe(200);
    const { services } = readinessDocument.parse(body);
    expect(Object.keys(services)).toEqual([
      'event-store',
      'enqueuer',
      'scheduler',
      'status-projector',
    ]);
  });

  it('is not ready without a service, or without the event store', async () => {
    gateway.queries.silentServices.add('scheduler');
    expect(await ask('GET', '/readyz')).toMatchObject({
      status: 503,
      body: {
        status: 'not_ready',
        services: { scheduler: { is_ready: false }, enqueuer: { is_ready: true } },
      },
    });
    gateway.queries.silentServices.clear();
    gateway.store.isDown = true;
    expect(await ask('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { services: { 'event-store': { is_ready: false } } },
    });
  });
});

describe('other requests', () => {
  it.each(['/', '/v1', '/v1/none', '/docs', '/v1/jobs/x/none'])(
    'finds nothing at %s',
    async (path) => {
      expect(await ask('GET', path)).toMatchObject({
        status: 404,
        body: { kind: 'route.not_found' },
      });
    },
  );

  it('finds nothing at a name that is longer than any path', async () => {
    expect(await ask('GET', `/v1/apis/${'a'.repeat(1200)}`)).toMatchObject({
      status: 404,
      body: { kind: 'route.not_found' },
    });
  });

  it.each(['/v1/apis', '/v1/jobs', '/livez', '/readyz', '/openapi.json'])(
    'answers at %s with or without a slash at the end, and to HEAD without a body',
    async (path) => {
      const answer = await ask('GET', path);
      expect(answer.status).toBe(200);
      expect(await ask('GET', `${path}/`)).toEqual(answer);
      const head = await gateway.request('HEAD', path);
      expect(head.status).toBe(200);
      expect(await head.text()).toBe('');
    },
  );

  it.each([
    ['POST', '/v1/apis', 'GET, PUT'],
    ['DELETE', '/v1/jobs', 'GET'],
    ['PUT', '/v1/apis/sum', 'GET, DELETE'],
    ['PATCH', '/livez', 'GET'],
    ['PUT', '/sum', 'DELETE, GET, POST'],
    ['OPTIONS', '/sum', 'DELETE, GET, POST'],
  ])('answers %s %s with 405 and the verbs there are', async (method, path, allow) => {
    await gateway.deploy();
    expect(await ask(method, path)).toMatchObject({
      status: 405,
      allow,
      body: { kind: 'route.method_not_allowed' },
    });
  });

  it('answers other verbs with 405 too', async () => {
    expect(await ask('PROPFIND', '/sum')).toMatchObject({ status: 405 });
  });

  it('answers what cannot be decoded with 400', async () => {
    expect(await ask('GET', '/v1/jobs/%zz')).toMatchObject({
      status: 400,
      body: { kind: 'http.400' },
    });
  });

  it('answers what is not HTTP with 400', async () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write('hello\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(Buffer.from(chunk as Uint8Array));
    const answer = Buffer.concat(chunks).toString();
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toMatch(/\{"kind":"http.malformed","message":"[^"]+"\}$/);
  });
});

describe('GET /openapi.json', () => {
  interface Description {
    readonly openapi: string;
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
  }

  it('describes every route with every verb', async () => {
    const { body } = await ask('GET', '/openapi.json');
    const { openapi, paths } = body as Description;
    expect(openapi).toBe('3.1.0');
    const { '/{endpoint}': endpoint, ...management } = paths;
    expect(Object.keys(endpoint ?? {}).toSorted()).toEqual(['delete', 'get', 'post']);
    const described = Object.entries(management).map(([path, verbs]) => [
      path,
      Object.keys(verbs)
        .map((verb) => verb.toUpperCase())
        .toSorted(),
    ]);
    const routes = Object.entries(MANAGEMENT_ROUTES).map(([path, verbs]) => [
      path,
      verbs.toSorted(),
    ]);
    expect(Object.fromEntries(described)).toEqual(Object.fromEntries(routes));
  });

  it('refers only to schemas that it has', async () => {
    const { body } = await ask('GET', '/openapi.json');
    const { components } = body as Description;
    const references = JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g);
    for (const [, name = ''] of references) expect(Object.keys(components.schemas)).toContain(name);
  });
});
