import { describe, expect, it } from '@jest/globals';
import { apiId, apiName, type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import { anApiDeleted, anApiDeployed, anApiSpec } from '#test/support/api.builders.ts';
import { aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { viewOf } from '#test/support/view.builders.ts';
import { getApi, listApis } from './find-apis.ts';

const sum = apiName('sum');
const deployed = anApiDeployed();
const elsewhere = anApiDeployed({
  apiId: apiId('spec-2'),
  spec: anApiSpec({ networking: { endpoint: '/moved' } }),
});
const another = anApiDeployed({
  apiName: apiName('mean'),
  apiId: apiId('spec-3'),
  spec: anApiSpec({ name: 'mean', networking: { endpoint: '/mean' } }),
  codeKey: null,
});

const jobOf = (digit: string): JobId => jobId(digit.repeat(16));

describe('getApi', () => {
  it('finds an API by name', () => {
    expect(getApi(viewOf(deployed), { name: sum }).api).toEqual({
      name: 'sum',
      id: 'spec-1',
      spec: { ...anApiSpec(), id: 'spec-1', last_updated: '2026-11-23T10:00:00.000Z' },
      versions: [{ id: 'spec-1', deployedAt: '2026-11-23T10:00:00.000Z' }],
    });
  });

  it('finds an API by the endpoint that it has now', () => {
    const view = viewOf(deployed, another, elsewhere);
    expect(getApi(view, { endpoint: '/moved' }).api?.id).toBe('spec-2');
    expect(getApi(view, { endpoint: '/mean' }).api?.name).toBe('mean');
    expect(getApi(view, { endpoint: '/sum' }).api).toBeNull();
  });

  it('knows its versions, newest first', () => {
    const { api } = getApi(viewOf(deployed, elsewhere), { name: sum });
    expect(api?.id).toBe('spec-2');
    expect(api?.versions.map(({ id }) => id)).toEqual(['spec-2', 'spec-1']);
  });

  it('names only the newest hundred versions, however often it was deployed', () => {
    const deployments = Array.from({ length: 102 }, (_, n) =>
      anApiDeployed({ apiId: apiId(`spec-${n}`) }),
    );
    const { api } = getApi(viewOf(...deployments), { name: sum });
    expect(api?.versions).toHaveLength(100);
    expect(api?.versions[0]?.id).toBe('spec-101');
  });

  it.each([
    ['unknown', viewOf(another)],
    ['deleted', viewOf(deployed, anApiDeleted())],
  ])('does not find an API that is %s', (_what, view) => {
    expect(getApi(view, { name: sum }).api).toBeNull();
    expect(getApi(view, { endpoint: '/sum' }).api).toBeNull();
  });

  it('finds an API that was deployed again after it was deleted', () => {
    const view = viewOf(deployed, anApiDeleted(), elsewhere);
    expect(getApi(view, { name: sum }).api?.id).toBe('spec-2');
  });
});

describe('listApis', () => {
  it('says of an API where it is and when it was deployed', () => {
    expect(listApis(viewOf(deployed)).apis).toEqual([
      {
        name: 'sum',
        id: 'spec-1',
        endpoint: '/sum',
        deployedAt: '2026-11-23T10:00:00.000Z',
        activeJobCount: 0,
        latestJob: null,
      },
    ]);
  });

  it('counts the jobs of each API that have not ended, and names the newest of all', () => {
    const newest = jobOf('a');
    const view = viewOf(
      deployed,
      aJobSubmitted({ jobId: jobOf('c') }),
      aJobSubmitted({ jobId: jobOf('b') }),
      aJobSubmitted({ jobId: newest }),
      jobCompleted({ jobId: newest }),
      aJobSubmitted({ jobId: jobOf('0'), apiName: apiName('mean') }),
    );
    expect(listApis(view).apis).toMatchObject([
      {
        activeJobCount: 2,
        latestJob: { jobId: newest, createdAt: '2026-11-23T10:00:03.000Z' },
      },
    ]);
  });

  it('lists deployed APIs by name', () => {
    expect(listApis(viewOf(deployed, another)).apis.map(({ name }) => name)).toEqual([
      'mean',
      'sum',
    ]);
  });

  it('leaves deleted APIs out', () => {
    expect(listApis(viewOf(deployed, anApiDeleted()))).toEqual({ apis: [] });
  });
});
