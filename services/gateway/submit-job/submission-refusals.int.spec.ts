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
const dlq = (changes: object): object => ({
  sqs_dead_letter_queue: {
    arn: 'arn:aws:sqs:us-west-2:123456789:failed.fifo',
    max_receive_count: 3,
    ...changes,
  },
});
const s3 = (changes: object = {}): object => ({
  item_list: undefined,
  file_path_lister: { s3_paths: ['s3://bucket/x'], batch_size: 1, ...changes },
});

describe('POST <endpoint> refuses', () => {
  it.each<[string, string, string, string]>([
    ['an empty body', '', 'json.malformed', 'byte 0'],
    ['malformed JSON', '{\n "workers": 1,\n}', 'json.malformed', 'line 3, column 1 (byte 17)'],
    ['a body that is no object', '[]', 'json.malformed', "expected '{' but found '['"],
    [
      'no source',
      aSubmission({ item_list: undefined }),
      'job.specify_exactly_one_key',
      'specify exactly one of the following keys: item_list, file_path_lister, or delimited_files',
    ],
    [
      'two sources',
      aSubmission({ delimited_files: {} }),
      'job.conflicting_fields',
      'please specify either the item_list or delimited_files field (but not more than one at the same time)',
    ],
    [
      'three sources',
      aSubmission({ delimited_files: {}, file_path_lister: {} }),
      'job.conflicting_fields',
      'item_list, file_path_lister, or delimited_files',
    ],
    [
      'an unknown source',
      aSubmission({ item_list: undefined, urls: [] }),
      'job.specify_exactly_one_key',
      '',
    ],
    [
      'no items',
      aSubmission(items()),
      'field.too_small',
      'item_list: items: must contain at least 1 elements',
    ],
    [
      'missing items',
      aSubmission({ item_list: { batch_size: 1 } }),
      'field.too_small',
      'item_list: items: must contain at least 1 elements',
    ],
    [
      'items of a wrong type',
      aSubmission({ item_list: { items: 'x', batch_size: 1 } }),
      'field.wrong_type',
      'item_list: items: must be an array (got a string)',
    ],
    [
      'an item_list of a wrong type',
      aSubmission({ item_list: [1] }),
      'field.wrong_type',
      'item_list: must be an object (got an array)',
    ],
    [
      'a batch size of 0',
      aSubmission({ item_list: { items: [1], batch_size: 0 } }),
      'field.too_small',
      'item_list: batch_size: must be greater than or equal to 1 (got 0)',
    ],
    [
      'no batch size',
      aSubmission({ item_list: { items: [1] } }),
      'field.required',
      'item_list: batch_size: must be defined',
    ],
    [
      'a batch size of a wrong type',
      aSubmission({ item_list: { items: [1], batch_size: '2' } }),
      'field.wrong_type',
      'item_list: batch_size: must be an integer (got "2")',
    ],
    [
      '0 workers',
      aSubmission({ workers: 0 }),
      'field.too_small',
      'workers: must be greater than or equal to 1 (got 0)',
    ],
    [
      'no workers',
      aSubmission({ workers: undefined }),
      'field.required',
      'workers: must be defined',
    ],
    [
      'half a worker',
      aSubmission({ workers: 1.5 }),
      'field.wrong_type',
      'workers: must be an integer (got 1.5)',
    ],
    [
      'more workers than there can be',
      aSubmission({ workers: 1e9 }),
      'field.too_large',
      'workers: must be less than or equal to 10000 (got 1000000000)',
    ],
    [
      'a timeout of 0',
      aSubmission({ timeout: 0 }),
      'field.too_small',
      'timeout: must be greater than or equal to 1 (got 0)',
    ],
    ['an endless timeout', aSubmission({ timeout: 1e15 }), 'field.too_large', 'timeout: '],
    [
      'an empty ARN',
      aSubmission(dlq({ arn: '' })),
      'field.empty',
      'sqs_dead_letter_queue: arn: cannot be empty',
    ],
    [
      'an ARN that is none',
      aSubmission(dlq({ arn: 'failed' })),
      'field.invalid',
      'sqs_dead_letter_queue: arn: "failed" is not the ARN of an SQS queue',
    ],
    [
      'a receive count of 0',
      aSubmission(dlq({ max_receive_count: 0 })),
      'field.too_small',
      'sqs_dead_letter_queue: max_receive_count: must be greater than or equal to 1 (got 0)',
    ],
    [
      'a config of a wrong type',
      aSubmission({ config: [] }),
      'field.wrong_type',
      'config: must be an object (got an array)',
    ],
    [
      'a config over 256 KiB',
      aSubmission({ config: { x: 'x'.repeat(262_144) } }),
      'field.too_large',
      'config: has size 262152 bytes',
    ],
    [
      'a misspelt member',
      aSubmission({ Workers: 1 }),
      'field.misspelt',
      'key "Workers" is not supported; write "workers"',
    ],
    [
      'a misspelt member of a member',
      aSubmission({ item_list: { Items: [1], batch_size: 1 } }),
      'field.misspelt',
      'item_list: key "Items" is not supported; write "items"',
    ],
    [
      'an item over 256 KiB',
      aSubmission(items(1, ofSize(262_145))),
      'item.too_large',
      'item 1 has size 262145 bytes which exceeds the limit (262144 bytes)',
    ],
    [
      'a batch over 256 KiB',
      aSubmission(items(1, 2, ofSize(262_142), 3)),
      'batch.too_large',
      'batch 1 has size 262146 bytes which exceeds the limit (262144 bytes)',
    ],
    [
      'a last batch over 256 KiB',
      aSubmission(items(1, 2, ofSize(262_143))),
      'batch.too_large',
      'batch 1 has size 262145 bytes',
    ],
    [
      'S3 sources without paths',
      aSubmission(s3({ s3_paths: [] })),
      'field.too_small',
      'file_path_lister: s3_paths: must contain at least 1 elements',
    ],
    [
      'paths that are not in S3',
      aSubmission(s3({ s3_paths: ['x'] })),
      'aws.invalid_s3_path',
      'file_path_lister: s3_paths: "x" is not a valid s3 path',
    ],
    [
      'S3 sources with a batch size of 0',
      aSubmission(s3({ batch_size: 0 })),
      'field.too_small',
      'file_path_lister: batch_size: must be greater than or equal to 1 (got 0)',
    ],
    [
      'S3 sources with 0 workers',
      aSubmission({ ...s3(), workers: 0 }),
      'field.too_small',
      'workers: ',
    ],
  ])('%s', async (_case, body, kind, message) => {
    const before = await gateway.eventCount();
    expect(await refusalOf(await post(body))).toEqual({
      status: 400,
      kind,
      message: expect.stringContaining(message),
    });
    expect(await gateway.eventCount()).toBe(before);
  });
});
