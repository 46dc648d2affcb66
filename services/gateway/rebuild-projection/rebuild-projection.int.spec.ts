import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestGateway } from '#test/support/gateway.ts';
import { projectionDocument } from '../openapi/documents.schema.ts';

const read = async (response: Response): Promise<unknown> =>
  projectionDocument.strict().parse(await response.json());

describe('/v1/projections/status', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await TestGateway.start();
  });
  afterEach(() => gateway.stop());

  it('says what jobs are shown from', async () => {
    await gateway.deploy();
    const response = await gateway.request('GET', '/v1/projections/status');
    expect(response.status).toBe(200);
    expect(await read(response)).toMatchObject({ generation: 1, position: 1, rebuild: null });
  });

  it('has it made anew, and says so', async () => {
    const response = await gateway.request('POST', '/v1/projections/status/rebuild');
    expect(response.status).toBe(202);
    expect(await read(response)).toMatchObject({ rebuild: { generation: 2, last_position: 7 } });
  });

  it.each([
    ['POST', '/v1/projections/status', 'GET'],
    ['GET', '/v1/projections/status/rebuild', 'POST'],
  ])('takes no %s at %s', async (method, path, allowed) => {
    const response = await gateway.request(method, path);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allowed);
  });

  it('says so when nobody answers', async () => {
    gateway.queries.isDown = true;
    const response = await gateway.request('POST', '/v1/projections/status/rebuild');
    expect(response.status).toBe(503);
  });
});
