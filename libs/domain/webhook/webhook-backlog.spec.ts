import { beforeEach, describe, expect, it } from '@jest/globals';
import { anApiDeployed } from '#test/support/api.builders.ts';
import { A_JOB, aJobSubmitted, jobCompleted } from '#test/support/job.builders.ts';
import { viewOf } from '#test/support/view.builders.ts';
import { webhookDelivered, webhookFailed } from '#test/support/webhook.builders.ts';
import { jobId } from '../kernel/ids.ts';
import { PlatformView } from '../status/platform-view.ts';
import type { PlatformEvent } from '../platform-event.ts';
import { WebhookBacklog } from './webhook-backlog.ts';

const { apiName } = aJobSubmitted().data;
const url = 'https://example.com/hook';
const endedAt = '2026-11-23T10:00:01.000Z';
const retryAt = '2026-11-23T10:00:09.000Z';

describe('the backlog of webhooks', () => {
  let backlog: WebhookBacklog;
  beforeEach(() => {
    backlog = new WebhookBacklog();
    backlog.jobEnded({ jobId: A_JOB, apiName, url, endedAt });
  });

  it('has a job that has ended, due at once', () => {
    expect(backlog.get(A_JOB)).toMatchObject({ url, attempts: 0, dueAt: endedAt });
  });

  it('has it no more once it is delivered, whatever comes late', () => {
    backlog.apply(webhookDelivered());
    backlog.apply(webhookFailed({ attempt: 1, retryAt }));
    expect(backlog.jobIds).toEqual([]);
  });

  it('has it later after a failure that is tried again', () => {
    backlog.apply(webhookFailed({ attempt: 1, retryAt }));
    expect(backlog.get(A_JOB)).toMatchObject({ attempts: 1, dueAt: retryAt });
  });

  it('takes a failure once, however often and late it is recorded', () => {
    const later = '2026-11-23T11:00:00.000Z';
    backlog.apply(webhookFailed({ attempt: 2, retryAt: later }));
    backlog.apply(webhookFailed({ attempt: 1, retryAt }));
    expect(backlog.get(A_JOB)).toMatchObject({ attempts: 2, dueAt: later });
  });

  it('has it no more once it is given up', () => {
    backlog.apply(webhookFailed({ next: 'give-up', retryAt: null }));
    expect(backlog.get(A_JOB)).toBeNull();
    expect(backlog.isDisabled({ apiName, url })).toBe(false);
  });

  it('knows a receiver that is gone until the API is deployed again', () => {
    backlog.apply(webhookFailed({ next: 'disable', retryAt: null }));
    expect(backlog.get(A_JOB)).toBeNull();
    expect(backlog.isDisabled({ apiName, url })).toBe(true);
    expect(backlog.isDisabled({ apiName, url: `${url}/2` })).toBe(false);
    backlog.apiDeployed(apiName);
    expect(backlog.isDisabled({ apiName, url })).toBe(false);
  });

  it('is the same from its snapshot', () => {
    backlog.apply(webhookFailed({ next: 'disable', retryAt: null }));
    backlog.jobEnded({ jobId: jobId('other'), apiName, url, endedAt });
    const text = JSON.stringify(backlog.snapshot());
    const restored = WebhookBacklog.restore(JSON.parse(text));
    expect(JSON.stringify(restored.snapshot())).toBe(text);
    expect(restored.isDisabled({ apiName, url })).toBe(true);
    expect(restored.jobIds).toEqual(['other']);
  });
});

const jobIdsAfter = (...events: readonly PlatformEvent[]): readonly string[] =>
  viewOf(...events).webhooks.jobIds;

describe('the view of everything', () => {
  const ended = [aJobSubmitted({ onCompleteUrl: url }), jobCompleted()];

  it('has no webhook before the end, nor of a job that tells nobody', () => {
    expect(jobIdsAfter(aJobSubmitted({ onCompleteUrl: url }))).toEqual([]);
    expect(jobIdsAfter(aJobSubmitted(), jobCompleted())).toEqual([]);
  });

  it('has one from the end on, once', () => {
    expect(jobIdsAfter(...ended)).toEqual([A_JOB]);
    expect(jobIdsAfter(...ended, webhookDelivered(), jobCompleted())).toEqual([]);
  });

  it('keeps it through a snapshot', () => {
    const view = viewOf(anApiDeployed(), ...ended, webhookFailed({ attempt: 3, retryAt }));
    const restored = PlatformView.restore(JSON.parse(JSON.stringify(view.snapshot())));
    expect(restored.webhooks.get(A_JOB)).toEqual(view.webhooks.get(A_JOB));
    expect(restored.webhooks.get(A_JOB)?.attempts).toBe(3);
  });
});
