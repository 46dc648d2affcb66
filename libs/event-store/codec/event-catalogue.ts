import { z } from 'zod';
import type { LaneKind } from '../lane.ts';
import { ceTypeOf } from './event-codec.ts';
import {
  EVENT_REGISTRY,
  type EventDefinition,
  type EventType,
  newestVersion,
} from './event-registry.ts';
import { rawJson } from './kernel.schema.ts';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** One version of one type of event, as those who read the log from outside need to know it. */
export interface CatalogueEntry {
  readonly type: EventType;
  readonly version: number;
  readonly isNewest: boolean;
  readonly lane: LaneKind;
  /** `dev.cortex.batch.<Event>.v<N>` */
  readonly ceType: string;
  /** What it says, in a sentence. */
  readonly summary: string;
  /** Of the event's data. Members it does not name are allowed: readers pass over them. */
  readonly schema: JsonSchema;
}

/** Every version of every type, in the order of the registry. */
export function eventCatalogue(): readonly CatalogueEntry[] {
  return Object.entries<EventDefinition>(EVENT_REGISTRY).flatMap(([name, definition]) =>
    entriesOf(name as EventType, definition),
  );
}

/** Name of the file that holds the JSON Schema of an entry. */
export const schemaFileOf = ({ type, version }: CatalogueEntry): string =>
  `${type}.v${version}.json`;

export const schemaTextOf = ({ schema }: CatalogueEntry): string =>
  `${JSON.stringify(schema, null, 2)}\n`;

/** What a schema demands, without what it only tells: two that demand the same are one version. */
export function demandsOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(demandsOf);
  if (typeof schema !== 'object' || schema === null) return schema;
  const demands = Object.entries(schema)
    .filter(([name, value]) => !(name === 'description' && typeof value === 'string'))
    .map(([name, value]) => [name, demandsOf(value)]);
  return Object.fromEntries(demands);
}

function entriesOf(type: EventType, definition: EventDefinition): readonly CatalogueEntry[] {
  const newest = newestVersion(definition);
  const summary = definition.schema.description ?? '';
  return [...definition.older, definition.schema].map((schema, index) => {
    const version = index + 1;
    const ceType = ceTypeOf(type, version);
    return {
      type,
      version,
      isNewest: version === newest,
      lane: definition.lane,
      ceType,
      summary,
      schema: jsonSchemaOf(schema, {
        $id: `urn:cortex-batch:${type}.v${version}`,
        title: ceType,
        description: summary,
      }),
    };
  });
}

function jsonSchemaOf(schema: z.ZodType, head: JsonSchema): JsonSchema {
  const { $schema, ...body } = z.toJSONSchema(schema, {
    io: 'input', // Without `additionalProperties: false`: a later platform may say more.
    unrepresentable: 'any', // A user's own JSON, of which nothing is demanded.
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === rawJson) Object.assign(jsonSchema, { type: 'object' });
    },
  });
  return { ...($schema !== undefined && { $schema }), ...head, ...body };
}
