import { describe, expect, it } from '@jest/globals';
import type { JobEvent } from '#libs/domain/job/job.events.ts';
import type { ApiSpec } from '#libs/domain/api/api-spec.ts';
import { apiId, apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { VersionConflict } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { systemClock } from '#libs/platform/clock.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { anApiSpec } from '#test/support/api.builders.ts';
import { FailingBlobStore } from '#test/support/gateway.ts';
import { SubmitJob } from './submit-job.ts';
import { readSubmission } from './submission.ts';
import { itemsKeyOf } from '#test/support/job.builders.ts';

const spec = { ...anApiSpec(), id: apiId('spec-1'), last_updated: '2026-11-23T10:00:00.000Z' };
const ID = '00000000000000aa';
const NEXT_ID = '00000000000000a9';
const told = (url: string) => ({ on_complete: { url } });
const laneOf = (id: string) =>
  ({ kind: 'job', apiName: apiName('sum'), jobId: jobId(id) }) as const;

/** Submits a job with items of its own, getting ids from `ids` in turn. */
function submitter(
  store: InMemoryEventStore,
  blobs: FailingBlobStore,
  ids: string[],
  { webhooks = {}, more = '' }: { webhooks?: Pick<ApiSpec, 'webhooks'>; more?: string } = {},
) {
  const useCase = new SubmitJob({
    store,
    blobs,
    queue: { urlOf: () => 'nats://queue' },
    checks: { check: async () => {} },
    ids: { next: () => ids.shift() ?? '' },
    clock: systemClock,
    logger: silentLogger,
  });
  return (items: string) => {
    const body = Buffer.from(`{"workers":1,"item_list":{"items":${items},"batch_size":1}${more}}`);
    return useCase.execute({
      api: { name: apiName('sum'), id: apiId('spec-1'), spec: { ...spec, ...webhooks } },
      submission: readSubmission(body),
      body,
      idempotencyKey: null,
      traceparent: null,
    });
  };
}

describe('submitting a job', () => {
  it('gives two jobs an id each, even when two gateways came up with the same', async () => {
    const store = new InMemoryEventStore();
    const blobs = new FailingBlobStore();
    const first = await submitter(store, blobs, [ID])('[1]');
    const second = await submitter(store, blobs, [ID, NEXT_ID])('[2]');

    expect([first.job_id, second.job_id]).toEqual([ID, NEXT_ID]);
    expect(await itemsOf(store, blobs, ID)).toBe('[1]');
    expect(await itemsOf(store, blobs, NEXT_ID)).toBe('[2]');
    expect(blobs.keys.size).toBe(2);
  });

  it.each([
    ['nobody', {}, '', null],
    ['whom the API tells', { webhooks: told('https://api') }, '', 'https://api'],
    [
      'whom it names itself',
      {},
      ',"webhooks":{"on_complete":{"url":"https://job"}}',
      'https://job',
    ],
    [
      'whom it names, not whom the API tells',
      { webhooks: told('https://api') },
      ',"webhooks":{"on_complete":{"url":"https://job"}}',
      'https://job',
    ],
    [
      'whom the API tells when it names nobody',
      { webhooks: told('https://api') },
      ',"webhooks":{"on_complete":null}',
      'https://api',
    ],
  ])('has %s told of its end', async (_, webhooks, more, url) => {
    const store = new InMemoryEventStore();
    await submitter(store, new FailingBlobStore(), [ID], { webhooks, more })('[1]');
    const { events } = await store.read<JobEvent>(laneOf(ID));
    expect(events[0]?.event.data).toMatchObject({ onCompleteUrl: url });
  });

  it('knows its own job when the acknowledgement of the append is lost', async () => {
    /** The retry of an append that was stored meets its own event. */
    class ForgetfulEventStore extends InMemoryEventStore {
      override async append(...args: Parameters<InMemoryEventStore['append']>): Promise<number> {
        await super.append(...args);
        throw new VersionConflict('lane', args[2]);
      }
    }
    const store = new ForgetfulEventStore();
    const blobs = new FailingBlobStore();
    const { job_id: id } = await submitter(store, blobs, [ID, NEXT_ID])('[1]');

    expect(id).toBe(ID);
    expect(await itemsOf(store, blobs, ID)).toBe('[1]');
    expect(await store.lastPosition()).toBe(1);
  });
});

async function itemsOf(
  store: InMemoryEventStore,
  blobs: FailingBlobStore,
  id: string,
): Promise<string> {
  const { events } = await store.read<JobEvent>(laneOf(id));
  const event = events[0]?.event;
  const key = itemsKeyOf(event);
  return Buffer.from((await blobs.get(key)) ?? []).toString();
}
