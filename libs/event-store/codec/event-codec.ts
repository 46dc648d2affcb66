import type { z } from 'zod';
import { RawJson, stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { objectMembers } from '#libs/json/json-scanner.ts';
import type { LaneKind } from '../lane.ts';
import {
  EVENT_REGISTRY,
  type EventDefinition,
  type EventType,
  newestVersion,
} from './event-registry.ts';

const TYPE_PREFIX = 'dev.cortex.batch.';

/** An event on the wire. */
export interface EncodedEvent {
  /** `dev.cortex.batch.<Event>.v<N>` */
  readonly ceType: string;
  /** UTF-8 JSON of the event's data. */
  readonly payload: Uint8Array;
}

/** `isNewer`: a later version of the platform wrote it, so it means something that is not known here. */
export type DecodedEvent =
  | { readonly ok: true; readonly event: PlatformEvent; readonly lane: LaneKind }
  | { readonly ok: false; readonly problem: string; readonly isNewer: boolean };

interface WireType {
  readonly type: EventType;
  readonly definition: EventDefinition;
  readonly version: number;
}

/** Reads and writes `<Event>.v<N>` once per type and not once per event: this is the hot path. */
const wireTypes = new Map<string, WireType>();
const ceTypes = new Map<EventType, string>();
for (const [name, definition] of Object.entries<EventDefinition>(EVENT_REGISTRY)) {
  const type = name as EventType;
  for (let version = 1; version <= newestVersion(definition); version++) {
    wireTypes.set(ceTypeOf(type, version), { type, definition, version });
  }
  ceTypes.set(type, ceTypeOf(type, newestVersion(definition)));
}

export function ceTypeOf(type: EventType, version: number): string {
  return `${TYPE_PREFIX}${type}.v${version}`;
}

/** Facts: many, and without a user's own JSON in them. */
const PLAIN_LANES: ReadonlySet<LaneKind> = new Set(['batch', 'worker', 'webhook']);

/** Writes an event in its newest version. A user's own JSON inside keeps its text. */
export function encodeEvent({ type, data }: PlatformEvent): EncodedEvent {
  const isPlain = PLAIN_LANES.has(EVENT_REGISTRY[type].lane);
  const json = isPlain ? JSON.stringify(data) : stringifyWithRaw(data);
  return { ceType: ceTypes.get(type) ?? ceTypeOf(type, 1), payload: Buffer.from(json) };
}

/** Reads an event of any version that was ever written; never throws. */
export function decodeEvent({ ceType, payload }: EncodedEvent): DecodedEvent {
  const wireType = wireTypes.get(ceType);
  if (wireType === undefined) return explainUnknown(ceType);
  const { type, definition, version } = wireType;

  const parsed = parseObject(payload);
  if (parsed.data === null) return unreadable(`${ceType}: ${parsed.problem}`);

  let data: Record<string, unknown>;
  try {
    for (const member of definition.rawMembers) keepText(parsed.data, member, payload);
    data = definition.upcasts.slice(version - 1).reduce((older, cast) => cast(older), parsed.data);
  } catch (error) {
    return unreadable(`${ceType}: cannot be read: ${String(error)}`);
  }

  const checked = definition.schema.safeParse(data);
  if (!checked.success) return unreadable(`${ceType}: ${explainIssue(checked.error)}`);
  // The data as they were read, not as the schema rebuilt them: members keep their order.
  return { ok: true, event: { type, data } as PlatformEvent, lane: definition.lane };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseObject(
  payload: Uint8Array,
): { data: Record<string, unknown> } | { data: null; problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(payload));
  } catch (error) {
    return { data: null, problem: `malformed JSON: ${(error as Error).message}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { data: null, problem: 'malformed data: expected a JSON object' };
  }
  return { data: value as Record<string, unknown> };
}

/** Replaces the parsed value of a member by the text it stands in; `null` stays `null`. */
function keepText(data: Record<string, unknown>, member: string, payload: Uint8Array): void {
  if (data[member] === null || data[member] === undefined) return;
  const element = objectMembers(payload).get(member);
  if (element !== undefined) data[member] = new RawJson(utf8.decode(element.bytes));
}

const unreadable = (problem: string): DecodedEvent => ({ ok: false, problem, isNewer: false });

function explainUnknown(ceType: string): DecodedEvent {
  const [, name = '', version = ''] = /^dev\.cortex\.batch\.([^.]+)\.v(\d+)$/.exec(ceType) ?? [];
  if (!Object.hasOwn(EVENT_REGISTRY, name)) return unreadable(`unknown event type ${ceType}`);
  const newest = newestVersion(EVENT_REGISTRY[name as EventType]);
  if (Number(version) <= newest) return unreadable(`${ceType}: there is no such version`);
  return {
    ok: false,
    problem: `${ceType}: version ${version} is newer than the newest known here, ${newest}`,
    isNewer: true,
  };
}

function explainIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  if (issue === undefined) return 'does not match its schema';
  const member = issue.path.length === 0 ? 'data' : `data.${issue.path.join('.')}`;
  return `${member}: ${issue.message}`;
}
