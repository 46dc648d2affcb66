import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Header } from 'tar';
import { aHandlerApi, aPodApi, archiveOf, TestGateway } from '#test/support/gateway.ts';
import { deployedApisDocument } from '../openapi/documents.schema.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.start();
});
afterEach(() => gateway.stop());

type Deployed = readonly { readonly api: { readonly id: string }; readonly message: string }[];

const put = (body: NonNullable<RequestInit['body']>, contentType?: string) =>
  gateway.request('PUT', '/v1/apis', {
    body,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  });

const putJson = (...configurations: object[]) =>
  put(JSON.stringify(configurations), 'application/json');

const deployed = async (response: Response): Promise<Deployed> => {
  expect(response.status).toBe(200);
  return (await response.json()) as Deployed;
};

function formOf(configurations: readonly object[], code: Uint8Array<ArrayBuffer>): FormData {
  const form = new FormData();
  form.append('config', new Blob([JSON.stringify(configurations)]), 'cortex.yaml');
  form.append('code', new Blob([code]), 'code.tar.gz');
  return form;
}

const codeFiles = { 'handler.js': 'export default class {}', 'lib.js': '' };

describe('PUT /v1/apis', () => {
  it('answers with the specification, every default filled in', async () => {
    const [answer] = deployedApisDocument.parse(await deployed(await putJson(aPodApi())));
    expect(answer).toEqual({
      api: {
        name: 'sum',
        kind: 'BatchAPI',
        pod: {
          port: 8080,
          containers: [
            {
              name: 'api',
              image: null,
              command: ['true'],
              args: [],
              env: {},
              compute: { cpu: '200m', mem: null, gpu: 0, inf: 0, shm: null },
              readiness_probe: null,
              liveness_probe: null,
            },
          ],
        },
        handler: null,
        node_groups: null,
        networking: { endpoint: '/sum' },
        labels: {},
        id: expect.stringMatching(/^[0-9a-f]{16}--[0-9a-f]{32}$/),
        last_updated: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
      endpoint: `${gateway.url}/sum`,
      message: 'created sum (BatchAPI)',
    });
  });

  it.each([
    ['without a content type', undefined],
    ['as YAML', 'application/yaml'],
    ['as curl sends it', 'application/x-www-form-urlencoded'],
  ])('takes YAML %s', async (_case, contentType) => {
    const yaml = `
# Comments are fine.
- name: sum
  kind: BatchAPI
  networking: {endpoint: sums/daily/}
  pod:
    port: 9000
    containers:
      - name: api
        image: quay.io/sum:latest
        command: [python, main.py]
        args: ["-v"]
        env: {A: "1"}
        compute: {cpu: 1, mem: 1.5Gi, gpu: 1}
        readiness_probe: {http_get: {port: 9000}, period_seconds: 1}
        liveness_probe: {exec: {command: [ls]}}
`;
    const [answer] = await deployed(await put(yaml, contentType));
    expect(answer?.api).toMatchObject({
      networking: { endpoint: '/sums/daily' },
      pod: {
        port: 9000,
        containers: [
          {
            image: 'quay.io/sum:latest',
            compute: { cpu: '1', mem: '1.5Gi', gpu: 1 },
            readiness_probe: {
              http_get: { port: 9000, path: '/' },
              initial_delay_seconds: 0,
              timeout_seconds: 1,
              period_seconds: 1,
              success_threshold: 1,
              failure_threshold: 3,
            },
            liveness_probe: { exec: { command: ['ls'] }, period_seconds: 10 },
          },
        ],
      },
    });
  });

  it('says created, then up to date with the same id, then updated with another', async () => {
    const [created] = await deployed(await putJson(aPodApi()));
    const [same] = await deployed(await putJson(aPodApi({ networking: { endpoint: 'sum' } })));
    const [updated] = await deployed(await putJson(aPodApi({ node_groups: ['cpu'] })));
    expect([created, same, updated].map((answer) => answer?.message)).toEqual([
      'created sum (BatchAPI)',
      'sum (BatchAPI) is up to date',
      'updated sum (BatchAPI)',
    ]);
    expect(same?.api).toEqual(created?.api);
    expect(updated?.api.id).not.toBe(created?.api.id);
  });

  it('keeps code by its content, and deploys anew when it changes', async () => {
    const code = await archiveOf(codeFiles);
    const [created] = await deployed(await put(formOf([aHandlerApi()], code)));
    const [same] = await deployed(await put(formOf([aHandlerApi()], code)));
    expect(same).toEqual({ ...created, message: 'fn (BatchAPI) is up to date' });
    expect([...gateway.blobs.keys]).toEqual([expect.stringMatching(/^code\/[0-9a-f]{64}$/)]);
    expect(Buffer.from((await gateway.blobs.get([...gateway.blobs.keys][0] ?? '')) ?? [])).toEqual(
      Buffer.from(code),
    );

    const changed = await archiveOf({ ...codeFiles, 'lib.js': 'changed' });
    const [updated] = await deployed(await put(formOf([aHandlerApi()], changed)));
    expect(updated?.message).toBe('updated fn (BatchAPI)');
  });

  it('takes functions with their compute beside them, as the original does', async () => {
    const handler = {
      type: 'python',
      path: './handler.py',
      config: { a: { b: 1.5 } },
      env: { A: '' },
    };
    const api = aHandlerApi({ handler, compute: { cpu: '500m' } });
    const code = await archiveOf({ 'handler.py': '' });
    const [answer] = await deployed(await put(formOf([api], code)));
    expect(answer?.api).toMatchObject({
      pod: null,
      handler: { ...handler, compute: { cpu: '500m', mem: null } },
    });
  });

  it('deploys none of a list when one is wrong', async () => {
    const response = await putJson(aPodApi(), aPodApi({ name: 'B' }));
    expect(response.status).toBe(400);
    expect(await gateway.eventCount()).toBe(0);
  });

  it('deploys nothing when the code cannot be stored', async () => {
    gateway.blobs.isDown = true;
    const response = await put(formOf([aHandlerApi()], await archiveOf(codeFiles)));
    expect(response.status).toBe(503);
    expect(await gateway.eventCount()).toBe(0);
  });

  it('names endpoints as it is told clients reach it', async () => {
    const behindProxy = await TestGateway.start({ publicUrl: 'https://batch.example.com' });
    const [answer] = await deployed(await behindProxy.deploy());
    expect(answer).toMatchObject({ endpoint: 'https://batch.example.com/sum' });
    await behindProxy.stop();
  });
});

const expectRefusal = async (response: Response, kind: string, message: string) => {
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ kind, message: expect.stringContaining(message) });
  expect(await gateway.eventCount()).toBe(0);
};

describe('PUT /v1/apis refuses', () => {
  it.each([
    ['malformed JSON', '[{]', 'application/json', 'json.malformed', 'line 1, column 3 (byte 2)'],
    ['malformed YAML', '- a: [', 'application/yaml', 'yaml.malformed', 'at line 1, column 7'],
    ['no list', 'name: sum', 'application/yaml', 'config.not_a_list', 'must be a list'],
    ['an empty list', '[]', 'application/json', 'config.not_a_list', 'must be a list'],
    ['an empty body', '', 'application/json', 'json.malformed', 'byte 0'],
    ['an alias bomb', aliasBomb(), 'application/yaml', 'yaml.malformed', 'alias'],
  ])('%s', async (...[, body, contentType, kind, message]) => {
    await expectRefusal(await put(body, contentType), kind, message);
  });

  it('a container without an image, where workers run on Kubernetes', async () => {
    const cluster = await TestGateway.start({ compute: 'kubernetes' });
    const response = await cluster.deploy();
    await cluster.stop();
    const { message } = (await response.json()) as { message: string };
    expect([response.status, message]).toEqual([
      400,
      expect.stringMatching(/^sum: pod\.containers\.0\.image: must be defined/),
    ]);
  });

  it('an endpoint that is another API’s', async () => {
    await deployed(await putJson(aPodApi({ networking: { endpoint: '/x' } })));
    const response = await putJson(aPodApi({ name: 'other', networking: { endpoint: 'x' } }));
    expect(await response.json()).toEqual({
      kind: 'api.endpoint_not_unique',
      message: 'other: networking.endpoint: endpoint is already being used by sum',
    });
  });

  it('an endpoint for all but one of the APIs that are deployed with it at the same time', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const responses = await Promise.all(
      names.map((name) => putJson(aPodApi({ name, networking: { endpoint: '/x' } }))),
    );
    expect(responses.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      200, 400, 400, 400,
    ]);
    expect(await gateway.eventCount()).toBe(1);
  });

  it.each([
    ['code that is not compressed', Buffer.from('hello'), 'not compressed with gzip'],
    ['code that is damaged', Buffer.from('1f8b080000000000', 'hex'), 'not a readable gzipped tar'],
  ])('%s', async (_case, code, message) => {
    const form = formOf([aHandlerApi()], new Uint8Array(code));
    await expectRefusal(await put(form), 'code.unreadable', message);
  });

  it('code that is cut off', async () => {
    const code = await archiveOf({ 'handler.js': crypto.randomUUID().repeat(1000) });
    const response = await put(formOf([aHandlerApi()], code.slice(0, code.length / 2)));
    await expectRefusal(response, 'code.unreadable', 'not a readable gzipped tar');
  });

  it('code that unpacks to more than 1 GiB', async () => {
    const header = new Header({ path: 'zeros', size: 1_073_741_825, type: 'File' });
    const block = Buffer.alloc(512);
    header.encode(block);
    const bomb = gzipSync(Buffer.concat([block, Buffer.alloc(100_000)]));
    const response = await put(formOf([aHandlerApi()], new Uint8Array(bomb)));
    await expectRefusal(response, 'code.unreadable', 'more than 1 GiB');
  });

  it('a function without its code', async () => {
    await expectRefusal(await putJson(aHandlerApi()), 'code.missing', 'fn: handler.path: ');
    const code = await archiveOf({ 'other.js': '' });
    const response = await put(formOf([aHandlerApi()], code));
    await expectRefusal(response, 'code.missing', '"handler.js" is not in the deployed folder');
  });

  it('parts that are not as they have to be', async () => {
    const unknown = new FormData();
    unknown.append('other', 'x');
    await expectRefusal(await put(unknown), 'request.unknown_part', '"other"');
    const textual = new FormData();
    textual.append('config', JSON.stringify([aPodApi()]));
    textual.append('code', 'x');
    await expectRefusal(await put(textual), 'field.wrong_type', 'must be a file');
    await expectRefusal(await put(new FormData()), 'field.required', 'part "config"');
    const broken = await put('x', 'multipart/form-data; boundary=y');
    await expectRefusal(broken, 'request.malformed_multipart', 'multipart');
  });

  it('code over 32 MiB', async () => {
    const code = new Uint8Array(33_554_433);
    const response = await put(formOf([aHandlerApi()], code));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ kind: 'request.too_large' });
  });
});

/** A few bytes that stand for millions of values. */
function aliasBomb(): string {
  const lines = ['- &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let n = 1; n < 9; n++) {
    lines.push(`- &a${n} [${Array.from({ length: 9 }, () => `*a${n - 1}`).join(', ')}]`);
  }
  return lines.join('\n');
}
