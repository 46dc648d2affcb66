import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { type LaneKind, subjectOf } from '../lane.ts';
import { type CatalogueEntry, type JsonSchema, schemaFileOf } from './event-catalogue.ts';

/** Text of the golden file of an entry: the data of one event, byte for byte. */
export type ExampleOf = (entry: CatalogueEntry) => string;

const HEAD = `<!-- Written by \`npm run events\` from libs/event-store/codec; do not edit. -->

# Events

Everything that happens is an event in one JetStream stream, \`CORTEX_EVENTS\`. [guides/integrate.md](guides/integrate.md)
shows how to read it, with any NATS client and none of our code.

## The envelope

An event is one NATS message: a [CloudEvent 1.0](https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md)
in binary mode. Attributes are headers, percent-encoded as the binding says; the payload is the event's data as JSON.

| header               | value                                                                                                     |
| -------------------- | --------------------------------------------------------------------------------------------------------- |
| \`ce-specversion\`     | \`1.0\`                                                                                                     |
| \`ce-id\`              | the same whenever the same fact is recorded again; also in \`Nats-Msg-Id\`                                  |
| \`ce-source\`          | \`/apis/<api>\`, or \`/log\` of what is about the log itself                                                  |
| \`ce-type\`            | \`dev.cortex.batch.<Event>.v<N>\`                                                                           |
| \`ce-subject\`         | \`jobs/<job id>\`, \`api\`, \`keys/<sha256>\` or \`audit\`                                                        |
| \`ce-time\`            | when it happened by the clock of who recorded it: RFC 3339, UTC, milliseconds                             |
| \`ce-datacontenttype\` | \`application/json\`                                                                                        |

There is no \`ce-dataschema\`: the type names its schema, \`dev.cortex.batch.JobCompleted.v1\` is
[\`schemas/JobCompleted.v1.json\`](../schemas/JobCompleted.v1.json), and a million batches would each carry the address.

The *position* of an event is its stream sequence: it grows, with gaps, and orders everything. A fact may stand in
the log twice, under one \`ce-id\`, when whoever recorded it was interrupted; count it once.

## Versions

A version never changes once it was written: its schema, its example and what it means stay. A type that must say
something else gets the next version, from which on only that one is written; old ones stay in the log. So match
\`ce-type\` up to the \`.v\`, read the versions you know, and pass over members you do not know.
`;

const LANES: Readonly<Record<LaneKind, string>> = {
  job: 'the life of a job, in the order in which it was decided',
  batch: 'facts about its batches',
  worker: 'facts about its workers',
  webhook: 'what became of telling its receiver that it has ended',
  api: 'deployments of an API',
  'idempotency-key': 'an `Idempotency-Key`; the last token is the SHA-256 of the key',
  archive: 'that the events of an ended job are archived: see [guides/audit.md](guides/audit.md)',
  audit: 'checkpoints of the whole log: see [guides/audit.md](guides/audit.md)',
};

/** The page that documents every event, in Markdown. */
export function eventsPage(entries: readonly CatalogueEntry[], exampleOf: ExampleOf): string {
  const newest = entries.filter(({ isNewest }) => isNewest);
  const sections = newest.map((entry) =>
    sectionOf(
      entry,
      entries.filter(({ type }) => type === entry.type),
      exampleOf,
    ),
  );
  return [HEAD, lanesTable(), typesTable(newest), ...sections].join('\n');
}

function lanesTable(): string {
  const rows = Object.entries(LANES).map(([kind, meaning]) => [
    `\`${subjectPattern(kind as LaneKind)}\``,
    meaning,
  ]);
  return `## Subjects\n\n${table(['subject', 'what stands there'], rows)}`;
}

function typesTable(newest: readonly CatalogueEntry[]): string {
  const rows = newest.map(({ type, version, lane, summary }) => [
    `[${type}](#${type.toLowerCase()})`,
    `v${version}`,
    lane,
    summary,
  ]);
  return `## Types\n\n${table(['event', 'newest', 'lane', 'says'], rows)}`;
}

function sectionOf(
  newest: CatalogueEntry,
  versions: readonly CatalogueEntry[],
  exampleOf: ExampleOf,
): string {
  const schemas = versions.map((entry) => `[v${entry.version}](../schemas/${schemaFileOf(entry)})`);
  const examples = [...versions].reverse().map((entry) => {
    const title = entry.isNewest ? 'For example' : `Version ${entry.version}, in older logs`;
    return `${title}:\n\n\`\`\`json\n${exampleOf(entry)}\n\`\`\`\n`;
  });
  return [
    `## ${newest.type}\n`,
    `${newest.summary} On \`${subjectPattern(newest.lane)}\`. Schema: ${schemas.join(', ')}.\n`,
    table(['member', 'type', 'meaning'], membersOf(newest.schema)),
    ...examples,
  ].join('\n');
}

function membersOf({ properties = {}, required = [] }: JsonSchema): readonly string[][] {
  return Object.entries(properties).map(([name, schema]) => {
    const member = schema as JsonSchema;
    const optional = required.includes(name) ? '' : ', may be absent';
    return [`\`${name}\``, `${typeOf(member)}${optional}`, meaningOf(member)];
  });
}

function typeOf(schema: JsonSchema): string {
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants !== undefined) {
    const names = variants.map((variant) => typeOf(variant));
    return [...new Set(names)].join(' or ');
  }
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.type === 'array') return `array of ${typeOf((schema.items ?? {}) as JsonSchema)}`;
  return [schema.type ?? 'anything'].flat().join(' or ');
}

/** A member that may be `null` keeps its meaning in the variant that is not. */
function meaningOf(schema: JsonSchema): string {
  const variants = schema.anyOf ?? [];
  return schema.description ?? variants.find(({ description }) => description)?.description ?? '';
}

/** The subject of a lane with what varies in angle brackets. */
function subjectPattern(kind: LaneKind): string {
  const lane = { kind, apiName: apiName('<api>'), jobId: jobId('<job>'), keySha256: '<sha256>' };
  return subjectOf(lane);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}
