import { z } from 'zod';
import type { Position } from '#libs/domain/platform-event.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { checkJson } from '#libs/json/json-scanner.ts';
import { JsonSyntaxError } from '#libs/json/json-syntax-error.ts';
import {
  type CloudEvent,
  isJsonContent,
  JSON_CONTENT_TYPE,
  MalformedCloudEvent,
  OPTIONAL_ATTRIBUTES,
  SPEC_VERSION,
} from '#libs/messaging/cloudevents/cloud-event.ts';
import { decodeMessage } from '#libs/messaging/cloudevents/nats-binding.ts';
import { STRUCTURED_CONTENT_TYPE } from '#libs/messaging/cloudevents/structured-json.ts';
import { DIGEST_BYTES, PLACE_ATTRIBUTES } from './event-digest.ts';

/** What an export is of. */
export interface ExportScope {
  /** `null`: of every API. */
  readonly apiName: string | null;
  /** `null`: of every job. */
  readonly jobId: string | null;
}

/** The first line: what follows. */
export interface ExportStart extends ExportScope {
  readonly format: 1;
  /** The last event that stood in the log when the export was asked for. */
  readonly lastPosition: Position;
  /** When that was stored; `null`: the log is empty. */
  readonly lastStoredAt: string | null;
}

/** The last line: without it, an export is not complete. */
export interface ExportEnd {
  /** Events that stand in the export. */
  readonly eventCount: number;
  /** Over their digests, in order. */
  readonly sha256: string;
}

/** In an export of a part: digests of events of others, so that the hashes of checkpoints can be made again. */
export interface LeftOut {
  /** Growing. */
  readonly positions: readonly Position[];
  /** 32 bytes for each. */
  readonly digests: Buffer;
}

/** What is wrong with an archive that events of the export are in. */
export interface ArchiveFault {
  readonly positions: string;
  readonly eventId: string | null;
  readonly message: string;
}

export type ExportLine =
  | { readonly kind: 'start'; readonly start: ExportStart }
  /** `digest` is what the line says that it is, as hex. */
  | { readonly kind: 'event'; readonly event: StoredEvent; readonly digest: string }
  | { readonly kind: 'left-out'; readonly leftOut: LeftOut }
  | { readonly kind: 'archive-fault'; readonly fault: ArchiveFault }
  | { readonly kind: 'end'; readonly end: ExportEnd };

/** A line that no export has. */
export class MalformedExportLine extends Error {
  override readonly name = 'MalformedExportLine';
}

const TYPE_PREFIX = 'dev.cortex.batch.export.';
const position = z.int().positive();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const startSchema = z.object({
  format: z.literal(1),
  apiName: z.string().nullable(),
  jobId: z.string().nullable(),
  lastPosition: z.int().nonnegative(),
  lastStoredAt: z.iso.datetime().nullable(),
});
const endSchema = z.object({ eventCount: z.int().nonnegative(), sha256 });
const leftOutSchema = z.object({ positions: z.array(position), digests: z.base64() });
const archiveFaultSchema = z.object({
  positions: z.string(),
  eventId: z.string().nullable(),
  message: z.string(),
});
const placeSchema = z.object({
  position: z.string().regex(/^[1-9]\d{0,15}$/),
  storedat: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  lane: z.string().min(1),
  digest: sha256,
});

export const startLine = (start: ExportStart): Buffer => controlLine('Started', start);
export const endLine = (end: ExportEnd): Buffer => controlLine('Completed', end);
export const leftOutLine = ({ positions, digests }: LeftOut): Buffer =>
  controlLine('LeftOut', { positions, digests: digests.toString('base64') });

export const archiveFaultLine = (fault: ArchiveFault): Buffer => controlLine('ArchiveFault', fault);

function controlLine(name: string, data: object): Buffer {
  const envelope = {
    specversion: SPEC_VERSION,
    id: crypto.randomUUID(),
    source: '/log',
    type: `${TYPE_PREFIX}${name}.v1`,
    datacontenttype: JSON_CONTENT_TYPE,
    data,
  };
  return Buffer.from(`${JSON.stringify(envelope)}\n`);
}

/** An event as a CloudEvent in structured mode, on one line, with its data byte for byte. */
export function eventLine(event: StoredEvent, digest: Buffer): Buffer {
  const { id, source, type, extensions = {}, data } = event.cloudEvent;
  const optional = OPTIONAL_ATTRIBUTES.flatMap((name) => {
    const value = event.cloudEvent[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const others = Object.entries(extensions).filter(([name]) => !PLACE_ATTRIBUTES.has(name));
  const head = JSON.stringify({
    specversion: SPEC_VERSION,
    id,
    source,
    type,
    ...Object.fromEntries([...optional, ...others]),
    position: String(event.position),
    storedat: event.storedAt,
    lane: event.subject,
    digest: digest.toString('hex'),
  }).slice(0, -1);
  if (data.length === 0) return Buffer.from(`${head}}\n`);
  if (isOneLineOfJson(event.cloudEvent)) {
    return Buffer.concat([Buffer.from(`${head},"data":`), data, Buffer.from('}\n')]);
  }
  return Buffer.from(`${head},"data_base64":"${Buffer.from(data).toString('base64')}"}\n`);
}

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Whether its data can stand in a line as they are. Users' JSON inside may have line ends. */
function isOneLineOfJson({ datacontenttype, data }: CloudEvent): boolean {
  if (!isJsonContent(datacontenttype)) return false;
  if (data[0] !== OPEN_OBJECT || data.at(-1) !== CLOSE_OBJECT) return false;
  if (data.includes(LINE_FEED) || data.includes(CARRIAGE_RETURN)) return false;
  try {
    checkJson(data);
    return true;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return false;
  }
}

/**
 * Reads a line without its line end.
 *
 * @throws MalformedExportLine
 */
export function readLine(line: Uint8Array): ExportLine {
  const cloudEvent = cloudEventIn(line);
  switch (cloudEvent.type) {
    case `${TYPE_PREFIX}Started.v1`:
      return { kind: 'start', start: dataOf(cloudEvent, startSchema) };
    case `${TYPE_PREFIX}Completed.v1`:
      return { kind: 'end', end: dataOf(cloudEvent, endSchema) };
    case `${TYPE_PREFIX}ArchiveFault.v1`:
      return { kind: 'archive-fault', fault: dataOf(cloudEvent, archiveFaultSchema) };
    case `${TYPE_PREFIX}LeftOut.v1`:
      return { kind: 'left-out', leftOut: leftOutIn(cloudEvent) };
    default:
      return eventIn(cloudEvent);
  }
}

function cloudEventIn(line: Uint8Array): CloudEvent {
  try {
    const headers = [['Content-Type', STRUCTURED_CONTENT_TYPE]] as const;
    return decodeMessage({ headers, payload: line });
  } catch (error) {
    if (!(error instanceof MalformedCloudEvent) && !(error instanceof SyntaxError)) throw error;
    throw new MalformedExportLine(`is no CloudEvent: ${error.message}`, { cause: error });
  }
}

function eventIn({ extensions = {}, ...cloudEvent }: CloudEvent): ExportLine {
  const place = placeSchema.safeParse(extensions);
  if (!place.success) throw malformed('attribute', place.error);
  const own = Object.entries(extensions).filter(([name]) => !PLACE_ATTRIBUTES.has(name));
  const { position: at, storedat, lane, digest } = place.data;
  return {
    kind: 'event',
    digest,
    event: {
      position: Number(at),
      storedAt: storedat,
      subject: lane,
      cloudEvent: {
        ...cloudEvent,
        ...(own.length > 0 && { extensions: Object.fromEntries(own) }),
      },
    },
  };
}

function leftOutIn(cloudEvent: CloudEvent): LeftOut {
  const { positions, digests } = dataOf(cloudEvent, leftOutSchema);
  const bytes = Buffer.from(digests, 'base64');
  if (bytes.length === positions.length * DIGEST_BYTES) return { positions, digests: bytes };
  throw new MalformedExportLine('has not one digest for each position');
}

function dataOf<T>({ data }: CloudEvent, schema: z.ZodType<T>): T {
  const read = schema.safeParse(JSON.parse(new TextDecoder().decode(data)));
  if (read.success) return read.data;
  throw malformed('data', read.error);
}

function malformed(what: string, { issues }: z.ZodError): MalformedExportLine {
  const [issue] = issues;
  return new MalformedExportLine(
    `${what} ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is malformed'}`,
  );
}
