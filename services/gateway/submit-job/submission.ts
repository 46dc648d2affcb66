import type { z } from 'zod';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';
import type { DeadLetterQueue } from '#libs/domain/job/job.events.ts';
import { type JsonElement, objectMembers } from '#libs/json/json-scanner.ts';
import { fieldProblem } from '../field-problem.ts';
import { badRequest, type RequestRefused } from '../request-refused.ts';
import { checkItemList } from './item-list.ts';
import { type S3Source, s3SourceOf } from './s3-source.ts';
import { s3SourceFields, submissionFields, type SubmissionFields } from './submission.schema.ts';

/** Items that came in the request. */
export interface InlineItems {
  readonly kind: 'item_list';
  /** The `items` array as it was sent, brackets included. Shares memory with the request body. */
  readonly items: Uint8Array;
  readonly itemCount: number;
  readonly batchSizeItems: number;
}

/** A request for a job, checked as far as it can be without asking anybody. */
export interface Submission {
  readonly source: InlineItems | S3Source;
  readonly workers: number;
  readonly timeoutMs: number | null;
  readonly deadLetterQueue: DeadLetterQueue | null;
  readonly config: RawJson | null;
  /** `null`: whoever the API tells. */
  readonly onCompleteUrl: string | null;
}

type Members = ReadonlyMap<string, JsonElement>;

const SOURCES = ['item_list', 'file_path_lister', 'delimited_files'] as const;
type SourceName = (typeof SOURCES)[number];

const FIELDS = [...SOURCES, 'workers', 'timeout', 'sqs_dead_letter_queue', 'webhooks', 'config'];
const FIELDS_OF: Readonly<Record<string, readonly string[]>> = {
  item_list: ['items', 'batch_size'],
  file_path_lister: ['s3_paths', 'includes', 'excludes', 'batch_size'],
  delimited_files: ['s3_paths', 'includes', 'excludes', 'batch_size', 'on_error'],
  sqs_dead_letter_queue: ['arn', 'max_receive_count'],
  webhooks: ['on_complete'],
};

/**
 * Largest `config`: it travels in one event and, with every quote escaped, in one answer of the
 * status service, and a NATS message holds 1 MiB.
 */
const CONFIG_BYTES_MAX = 262_144;

/**
 * Reads the body of a submission. Items and `config` are cut out of it and never parsed.
 *
 * @throws JsonSyntaxError when the body is not a JSON object
 * @throws RequestRefused when a field is not as it has to be
 */
export function readSubmission(body: Uint8Array): Submission {
  const members = withoutNulls(objectMembers(body));
  refuseMisspelt(members, FIELDS, []);
  const name = sourceNameOf(members);
  const nested = new Map(
    Object.keys(FIELDS_OF).map((field) => [field, nestedMembers(members, field)]),
  );
  return name === 'item_list' ? readItemList(members, nested) : readS3Submission(members, nested);
}

type Nested = ReadonlyMap<string, Members>;

function readItemList(members: Members, nested: Nested): Submission {
  const list = nested.get('item_list') ?? new Map<string, JsonElement>();
  const items = itemsOf(list);
  const itemCount = checkItemList(items, parsed(list.get('batch_size')));
  const fields = readFields(submissionFields, members, nested);
  const batchSizeItems = fields.item_list?.batch_size ?? 1;
  return {
    source: { kind: 'item_list', items, itemCount, batchSizeItems },
    ...jobFieldsOf(fields, members),
  };
}

/** What S3 is asked for is looked at after everything else, as the original does. */
function readS3Submission(members: Members, nested: Nested): Submission {
  const jobFields = jobFieldsOf(readFields(submissionFields, members, nested), members);
  const source = s3SourceOf(readFields(s3SourceFields, members, nested));
  return { source, ...jobFields };
}

function jobFieldsOf(fields: SubmissionFields, members: Members): Omit<Submission, 'source'> {
  return {
    workers: fields.workers,
    timeoutMs: fields.timeout == null ? null : fields.timeout * 1000,
    deadLetterQueue: deadLetterQueueOf(fields),
    config: configOf(members),
    onCompleteUrl: fields.webhooks?.on_complete?.url ?? null,
  };
}

/** `null` means that a field was not given, wherever it stands. */
const withoutNulls = (members: Members): Map<string, JsonElement> =>
  new Map([...members].filter(([, { bytes }]) => bytes[0] !== 0x6e)); // Only `null` starts with n.

/** Unknown fields are ignored, but one that only differs in case was meant to be the known one. */
function refuseMisspelt(members: Members, known: readonly string[], path: readonly string[]): void {
  for (const name of members.keys()) {
    const meant = known.find((candidate) => candidate === name.toLowerCase());
    if (meant !== undefined && meant !== name) {
      throw fieldRefused(
        path,
        'field.misspelt',
        `key "${name}" is not supported; write "${meant}"`,
      );
    }
  }
}

function sourceNameOf(members: Members): SourceName {
  const given = SOURCES.filter((source) => members.has(source));
  const [source] = given;
  if (source === undefined) {
    throw badRequest(
      'job.specify_exactly_one_key',
      'specify exactly one of the following keys: item_list, file_path_lister, or delimited_files',
    );
  }
  if (given.length === 1) return source;
  const names =
    given.length === 2
      ? given.join(' or ')
      : `${given.slice(0, -1).join(', ')}, or ${given.at(-1)}`;
  const noun = given.length === 2 ? `either the ${names} field` : `one of the ${names} fields`;
  throw badRequest(
    'job.conflicting_fields',
    `please specify ${noun} (but not more than one at the same time)`,
  );
}

function nestedMembers(members: Members, name: string): Members {
  const element = members.get(name);
  if (element === undefined) return new Map();
  if (element.bytes[0] !== 0x7b) {
    throw fieldRefused([name], 'field.wrong_type', `must be an object (got ${typeName(element)})`);
  }
  const nested = withoutNulls(objectMembers(element.bytes));
  refuseMisspelt(nested, FIELDS_OF[name] ?? [], [name]);
  return nested;
}

function itemsOf(list: Members): Uint8Array {
  const items = list.get('items');
  if (items === undefined) throw fieldRefused(['item_list', 'items'], ...EMPTY);
  if (items.bytes[0] !== 0x5b) {
    const problem = `must be an array (got ${typeName(items)})`;
    throw fieldRefused(['item_list', 'items'], 'field.wrong_type', problem);
  }
  return items.bytes;
}

const EMPTY = ['field.too_small', 'must contain at least 1 elements'] as const;

function readFields<Fields>(schema: z.ZodType<Fields>, members: Members, nested: Nested): Fields {
  const read = schema.safeParse(plainFields(members, nested), { reportInput: true });
  if (read.success) return read.data;
  const { path, kind, message } = fieldProblem(read.error);
  throw fieldRefused(path, kind, message);
}

/** The fields as plain values, but for items and `config`. */
function plainFields(members: Members, nested: Nested): object {
  const fields = [...members.keys()]
    .filter((name) => FIELDS.includes(name) && name !== 'config')
    .map((name) => [name, FIELDS_OF[name] ? plain(nested.get(name)) : parsed(members.get(name))]);
  return Object.fromEntries(fields);
}

const plain = (members: Members | undefined): object =>
  Object.fromEntries(
    [...(members ?? [])]
      .filter(([name]) => name !== 'items')
      .map(([name, element]) => [name, parsed(element)]),
  );

function parsed(element: JsonElement | undefined): unknown {
  return element === undefined ? undefined : JSON.parse(textOf(element));
}

const deadLetterQueueOf = ({
  sqs_dead_letter_queue: queue,
}: SubmissionFields): DeadLetterQueue | null =>
  queue == null ? null : { arn: queue.arn, receiveCountMax: queue.max_receive_count };

function configOf(members: Members): RawJson | null {
  const config = members.get('config');
  if (config === undefined) return null;
  if (config.bytes[0] !== 0x7b) {
    throw fieldRefused(
      ['config'],
      'field.wrong_type',
      `must be an object (got ${typeName(config)})`,
    );
  }
  if (config.bytes.length > CONFIG_BYTES_MAX) {
    throw fieldRefused(
      ['config'],
      'field.too_large',
      `has size ${config.bytes.length} bytes which exceeds the limit (${CONFIG_BYTES_MAX} bytes)`,
    );
  }
  return new RawJson(textOf(config));
}

const fieldRefused = (
  path: readonly PropertyKey[],
  kind: string,
  message: string,
): RequestRefused => badRequest(kind, [...path.map(String), message].join(': '));

const textOf = ({ bytes }: JsonElement): string => Buffer.from(bytes).toString('utf8');

const TYPE_OF_FIRST_BYTE: Readonly<Record<string, string>> = {
  '{': 'an object',
  '[': 'an array',
  '"': 'a string',
  t: 'true',
  f: 'false',
};

const typeName = ({ bytes }: JsonElement): string =>
  TYPE_OF_FIRST_BYTE[String.fromCodePoint(bytes[0] ?? 0)] ?? 'a number';
