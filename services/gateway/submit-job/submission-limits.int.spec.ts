import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aSubmission, TestGateway } from '#test/support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
  await gateway.deploy();
});
afterAll(() => gateway.stop());

const post = (body: NonNullable<RequestInit['body']>, path = '/sum') =>
  gateway.request('POST', path, { body });

/** Status, kind and message of a refusal. */
const refusalOf = async (response: Response): Promise<object> => ({
  status: response.status,
  ...((await response.json()) as object),
});

const items = (...values: unknown[]): object => ({ item_list: { items: values, batch_size: 2 } });
/** A string whose JSON has `sizeBytes` bytes. */
const ofSize = (sizeBytes: number): string => 'x'.repeat(sizeBytes - 2);

describe('POST <endpoint> refuses', () => {
  it('invalid UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('{"config":{"a":"'),
      Buffer.of(0xff),
      Buffer.from('"}}'),
    ]);
    expect(await refusalOf(await post(body))).toMatchObject({
      status: 400,
      message: expect.stringContaining('byte 16'),
    });
  });

  it('a body over 10 MiB', async () => {
    const body = aSubmission({ config: { x: 'x'.repeat(10 * 1024 * 1024) } });
    const response = await post(body);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ kind: 'request.too_large' });
  });

  it('a body over 10 MiB that does not say so', async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x20);
    let sent = 0;
    const body = new ReadableStream({
      pull: (controller) => (++sent <= 11 ? controller.enqueue(chunk) : controller.close()),
    });
    const response = await gateway.request('POST', '/sum', { body, duplex: 'half' });
    expect(response.status).toBe(413);
  });

  it('an API that is not deployed, whatever the body', async () => {
    const response = await post('{', '/other');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      kind: 'api.not_deployed',
      message: 'other is not deployed',
    });
  });
});

describe('POST <endpoint> still takes', () => {
  it('a body of exactly 10 MiB', async () => {
    expect((await post(aSubmission().padEnd(10 * 1024 * 1024))).status).toBe(200);
  });

  it('a batch of exactly 256 KiB', async () => {
    expect((await post(aSubmission(items(ofSize(262_142))))).status).toBe(200);
  });
});
