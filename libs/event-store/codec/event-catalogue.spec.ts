import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  type CatalogueEntry,
  demandsOf,
  eventCatalogue,
  schemaFileOf,
  schemaTextOf,
} from './event-catalogue.ts';
import { EVENT_REGISTRY, newestVersion } from './event-registry.ts';
import { eventsPage } from './events-page.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const released = (entry: CatalogueEntry): string => `schemas/${schemaFileOf(entry)}`;
const example = (entry: CatalogueEntry): string =>
  read(`test/fixtures/events/${schemaFileOf(entry)}`);

const entries = eventCatalogue();
const named = entries.map((entry) => [`${entry.type}.v${entry.version}`, entry] as const);

describe('the catalogue', () => {
  it('has every version of every type', () => {
    const wanted = Object.entries(EVENT_REGISTRY).flatMap(([type, definition]) =>
      Array.from({ length: newestVersion(definition) }, (_, n) => `${type}.v${n + 1}`),
    );
    expect(named.map(([name]) => name)).toEqual(wanted);
  });

  it('says in a sentence what each means', () => {
    expect(entries.filter(({ summary }) => !/^[A-Z].*\.$/.test(summary))).toEqual([]);
  });

  it('is what docs/events.md says; npm run events writes it', () => {
    expect(read('docs/events.md')).toBe(eventsPage(entries, example));
  });

  it('is all that schemas/ has', () => {
    expect(readdirSync(new URL('schemas/', root)).sort()).toEqual(entries.map(schemaFileOf).sort());
  });
});

describe.each(named)('%s', (name, entry) => {
  // When this fails: undo the change, and add a version to event-registry.ts that has it.
  it('demands what it demanded when it was released', () => {
    if (!existsSync(new URL(released(entry), root))) throw new Error(`${name}: npm run events`);
    expect(demandsOf(entry.schema)).toEqual(demandsOf(JSON.parse(read(released(entry)))));
  });

  it('is described as schemas/ says; npm run events writes it', () => {
    expect(schemaTextOf(entry)).toBe(read(released(entry)));
  });

  it('has an example that its schema allows', () => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(entry.schema);
    validate(JSON.parse(example(entry)));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('has a schema that misses a member', () => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(entry.schema);
    expect(validate({})).toBe(false);
  });
});

describe('what a schema demands', () => {
  it('is the same with other words', () => {
    const { properties } = { properties: { description: { type: 'string', description: 'a' } } };
    expect(demandsOf({ description: 'b', properties })).toEqual({
      properties: { description: { type: 'string' } },
    });
  });
});
