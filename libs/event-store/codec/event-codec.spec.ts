import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { apiId, apiName, jobId, workerId } from '#libs/domain/kernel/ids.ts';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { jobArchived } from '#test/support/archive.builders.ts';
import { type DecodedEvent, ceTypeOf, decodeEvent, encodeEvent } from './event-codec.ts';
import { EVENT_REGISTRY, type EventType, newestVersion } from './event-registry.ts';

// One file per event type and version, written when that version shipped and never edited since.
const goldenDir = new URL('../../../test/fixtures/events/', import.meta.url);
const golden = (file: string): Buffer => readFileSync(new URL(file, goldenDir));

const job = jobId('0123456789abcdef');
const api = apiName('image-classifier');
const id = apiId('image-classifier-1a2b3c');
const worker = workerId(3);
const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const reason = { kind: 'handler.status', message: 'the handler answered 500: "Zürich" \u2028 😀' };

/** What the golden files say, in the newest version. */
const newest: { [Type in EventType]: Extract<PlatformEvent, { type: Type }> } = {
  JobSubmitted: {
    type: 'JobSubmitted',
    data: {
      jobId: job,
      apiName: api,
      apiId: id,
      source: { kind: 'item_list', itemsKey: `items/${job}`, itemCount: 100, batchSizeItems: 10 },
      workers: 4,
      timeoutMs: 3_600_000,
      deadLetterQueue: { arn: 'arn:aws:sqs:us-west-2:1:dead', receiveCountMax: 3 },
      config: new RawJson('{ "b" : 9007199254740993, "a":{"2":1.10, "1":null}, "ü":"\\u00e9" }'),
      queueUrl: `nats://CORTEX_BATCHES/cortex.batches.${api}.${job}`,
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      parentJobId: null,
      onCompleteUrl: null,
    },
  },
  EnqueuingCompleted: {
    type: 'EnqueuingCompleted',
    data: { jobId: job, totalBatchCount: 10, totalItemCount: 100, skippedLineCount: 0 },
  },
  EnqueuingFailed: { type: 'EnqueuingFailed', data: { jobId: job, reason } },
  JobStopRequested: { type: 'JobStopRequested', data: { jobId: job, reason: null } },
  JobCompleted: {
    type: 'JobCompleted',
    data: {
      jobId: job,
      status: 'completed_with_failures',
      reason: null,
      completionHook: { result: 'failed', attempts: 3, message: 'timed out' },
    },
  },
  BatchEnqueued: {
    type: 'BatchEnqueued',
    data: {
      jobId: job,
      firstIndex: 0,
      batchCount: 5,
      itemCount: 50,
      cursor: '4711',
      skippedLineCount: 0,
    },
  },
  LinesSkipped: {
    type: 'LinesSkipped',
    data: {
      jobId: job,
      firstSkipped: 2,
      lineCount: 1,
      lines: [{ file: 's3://b/ü.ndjson', line: 3, byteOffset: 40, message: 'unexpected "}"' }],
    },
  },
  JobStarted: { type: 'JobStarted', data: { jobId: job, workerId: worker } },
  BatchSucceeded: {
    type: 'BatchSucceeded',
    data: { jobId: job, index: 7, attempt: 1, workerId: worker, durationUs: 1234 },
  },
  BatchFailed: {
    type: 'BatchFailed',
    data: {
      jobId: job,
      index: 8,
      attempt: 2,
      workerId: worker,
      durationUs: 0,
      reason,
      next: 'dead-letter',
    },
  },
  BatchDeadLettered: {
    type: 'BatchDeadLettered',
    data: { jobId: job, index: 8, attempt: 2, reason },
  },
  WorkerStateChanged: {
    type: 'WorkerStateChanged',
    data: {
      jobId: job,
      workerId: worker,
      restart: 1,
      state: 'failed',
      willRestart: true,
      reason: { kind: 'worker.oom', message: 'out of memory' },
    },
  },
  WorkerStalled: { type: 'WorkerStalled', data: { jobId: job, workerId: worker, restart: 0 } },
  WebhookDelivered: {
    type: 'WebhookDelivered',
    data: { jobId: job, url: 'https://example.com/hook?a=%22', attempt: 2, httpStatus: 204 },
  },
  WebhookFailed: {
    type: 'WebhookFailed',
    data: {
      jobId: job,
      url: 'https://example.com/hook?a=%22',
      attempt: 1,
      reason: { kind: 'webhook.status', message: 'the receiver answered 503' },
      next: 'retry',
      retryAt: '2026-11-26T10:31:10.123Z',
    },
  },
  ApiDeployed: {
    type: 'ApiDeployed',
    data: {
      apiName: api,
      apiId: id,
      spec: {
        name: api,
        kind: 'BatchAPI',
        pod: {
          port: 8080,
          containers: [
            {
              name: 'api',
              image: null,
              command: ['python3'],
              args: ['main.py'],
              env: { LEVEL: 'info' },
              compute: { cpu: '200m', mem: '512Mi', gpu: 0, inf: 0, shm: null },
              readiness_probe: {
                http_get: { port: 8080, path: '/healthz' },
                initial_delay_seconds: 0,
                timeout_seconds: 1,
                period_seconds: 10,
                success_threshold: 1,
                failure_threshold: 3,
              },
              liveness_probe: null,
            },
          ],
        },
        handler: null,
        node_groups: ['cpu'],
        networking: { endpoint: '/image-classifier' },
        labels: {},
      },
      codeKey: 'code/abc',
    },
  },
  ApiDeleted: { type: 'ApiDeleted', data: { apiName: api, apiId: id } },
  IdempotencyKeyClaimed: {
    type: 'IdempotencyKeyClaimed',
    data: { jobId: job, bodySha256: 'e3b0c44298fc1c149afbf4c8996fb924' },
  },
  JobArchived: jobArchived({ sha256: SHA256 }),
  LogCheckpointed: {
    type: 'LogCheckpointed',
    data: { firstPosition: 1, position: 9, eventCount: 8, sha256: SHA256, previousSha256: null },
  },
};

const ceTypeOfFile = (file: string): string => `dev.cortex.batch.${file.replace(/\.json$/, '')}`;
const newestFileOf = (type: EventType): string =>
  `${type}.v${newestVersion(EVENT_REGISTRY[type])}.json`;

const read = (ceType: string, payload: string): DecodedEvent =>
  decodeEvent({ ceType, payload: Buffer.from(payload) });
const problemOf = (decoded: DecodedEvent): string => (decoded.ok ? '' : decoded.problem);

describe('golden events', () => {
  it.each(readdirSync(goldenDir))('%s reads as its newest version', (file) => {
    const type = (file.split('.')[0] ?? '') as EventType;
    const decoded = decodeEvent({ ceType: ceTypeOfFile(file), payload: golden(file) });
    expect(decoded).toEqual({ ok: true, event: newest[type], lane: EVENT_REGISTRY[type].lane });
  });

  it.each(Object.values(newest))('$type is written as its newest golden file', (event) => {
    const file = newestFileOf(event.type);
    const { ceType, payload } = encodeEvent(event);
    expect(ceType).toBe(ceTypeOfFile(file));
    expect(Buffer.from(payload).toString()).toBe(golden(file).toString());
  });

  it('exist for every version of every type', () => {
    const wanted = Object.entries(EVENT_REGISTRY).flatMap(([type, definition]) =>
      Array.from({ length: newestVersion(definition) }, (_, n) => `${type}.v${n + 1}.json`),
    );
    expect(readdirSync(goldenDir).sort()).toEqual(wanted.sort());
  });
});

describe('decoding', () => {
  const succeeded = '{"jobId":"0123456789abcdef","index":7,"attempt":1,"workerId":"3"';

  it.each([
    ['dev.cortex.batch.BatchMelted.v1', '{}', 'unknown event type dev.cortex.batch.BatchMelted.v1'],
    ['com.example.thing', '{}', 'unknown event type com.example.thing'],
    ['dev.cortex.batch.constructor.v1', '{}', /unknown event type/],
    ['dev.cortex.batch.JobStarted.v0', '{}', /no such version/],
    ['dev.cortex.batch.JobStarted.v1', '{"jobId":', /malformed JSON/],
    ['dev.cortex.batch.JobStarted.v1', '', /malformed JSON/],
    ['dev.cortex.batch.JobStarted.v1', '[]', /expected a JSON object/],
    ['dev.cortex.batch.JobStarted.v1', 'null', /expected a JSON object/],
    ['dev.cortex.batch.JobStarted.v1', '{"jobId":"1"}', /data\.workerId: /],
    ['dev.cortex.batch.BatchSucceeded.v1', `${succeeded}}`, /data\.durationUs: /],
    ['dev.cortex.batch.BatchSucceeded.v1', `${succeeded},"durationUs":-1}`, /data\.durationUs: /],
    ['dev.cortex.batch.BatchSucceeded.v1', `${succeeded},"durationUs":1.5}`, /data\.durationUs: /],
    ['dev.cortex.batch.BatchSucceeded.v1', `${succeeded},"durationUs":"1"}`, /data\.durationUs: /],
  ])('%s with %j names the problem', (ceType, payload, problem) => {
    const decoded = read(ceType, payload);
    expect(problemOf(decoded)).toMatch(problem);
    expect(decoded).toMatchObject({ ok: false, isNewer: false });
  });

  it('names a member inside another', () => {
    const { payload } = encodeEvent(newest.JobSubmitted);
    const broken = Buffer.from(payload).toString().replace('"itemCount":100', '"itemCount":"100"');
    expect(problemOf(read(ceTypeOf('JobSubmitted', 1), broken))).toMatch(
      /^dev\.cortex\.batch\.JobSubmitted\.v1: data\.source\.itemCount: /,
    );
  });

  it('refuses bytes that are no UTF-8', () => {
    const payload = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d);
    const decoded = decodeEvent({ ceType: ceTypeOf('JobStarted', 1), payload });
    expect(problemOf(decoded)).toMatch(/malformed JSON/);
  });

  it('refuses a config that is nested deeper than anybody can send', () => {
    const { payload } = encodeEvent(newest.JobSubmitted);
    const deep = `"config":${'['.repeat(5000)}${']'.repeat(5000)},"queueUrl"`;
    const json = Buffer.from(payload)
      .toString()
      .replace(/"config":.*"queueUrl"/, deep);
    expect(problemOf(read(ceTypeOf('JobSubmitted', 1), json))).toMatch(/nested deeper/);
  });

  it('refuses a batch index that no job reaches', () => {
    const huge = `${succeeded.replace(':7', ':900000000')},"durationUs":1}`;
    expect(problemOf(read('dev.cortex.batch.BatchSucceeded.v1', huge))).toMatch(/data\.index: /);
  });

  it('tells a version that is newer than the newest known', () => {
    const decoded = read('dev.cortex.batch.JobCompleted.v9', '{}');
    expect(decoded).toMatchObject({ ok: false, isNewer: true });
    expect(problemOf(decoded)).toMatch(/version 9 is newer than the newest known here, 1/);
  });

  it('keeps members it does not know and their order', () => {
    const decoded = read('dev.cortex.batch.JobStarted.v1', '{"x":1,"workerId":"0","jobId":"j"}');
    expect(decoded.ok && JSON.stringify(decoded.event.data)).toBe(
      '{"x":1,"workerId":"0","jobId":"j"}',
    );
  });
});

describe("a submission's config", () => {
  it.each([
    '{}',
    '{"n":9007199254740993}',
    '{ "2": 1, "1": 2, "a": { "config": [ "}" , "\\"" ] } }',
    '"\\ud83d\\ude00 is text"',
    '1e400',
    '[{"config":null},\n\t0.10]',
  ])('%s keeps its text', (text) => {
    const event: PlatformEvent = {
      ...newest.JobSubmitted,
      data: { ...newest.JobSubmitted.data, config: new RawJson(text) },
    };
    const decoded = decodeEvent(encodeEvent(event));
    expect(decoded).toMatchObject({ ok: true, event });
  });

  it('stays absent', () => {
    const event: PlatformEvent = {
      ...newest.JobSubmitted,
      data: { ...newest.JobSubmitted.data, config: null },
    };
    expect(decodeEvent(encodeEvent(event))).toMatchObject({ ok: true, event });
  });

  it('is the last one when there are two', () => {
    const { payload } = encodeEvent(newest.JobSubmitted);
    const doubled = Buffer.from(payload).toString().replace(/}$/, ',"config": {"late":1} }');
    const decoded = read(ceTypeOf('JobSubmitted', 1), doubled);
    expect(decoded.ok && decoded.event.data).toMatchObject({ config: { text: '{"late":1}' } });
  });
});
