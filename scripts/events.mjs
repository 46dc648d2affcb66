import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  demandsOf,
  eventCatalogue,
  schemaFileOf,
  schemaTextOf,
} from '../libs/event-store/codec/event-catalogue.ts';
import { eventsPage } from '../libs/event-store/codec/events-page.ts';
import { say } from './setup/say.mjs';

/**
 * `npm run events`: writes docs/events.md and schemas/ from the code. A schema that is there already
 * only has its descriptions renewed: what it demands never changes, a change is a new version.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const entries = eventCatalogue();

mkdirSync(join(root, 'schemas'), { recursive: true });
for (const entry of entries) writeSchema(entry);
const exampleOf = (entry) =>
  readFileSync(join(root, 'test/fixtures/events', schemaFileOf(entry)), 'utf8');
writeFileSync(join(root, 'docs/events.md'), eventsPage(entries, exampleOf));

function writeSchema(entry) {
  const file = join(root, 'schemas', schemaFileOf(entry));
  if (existsSync(file)) {
    const released = JSON.parse(readFileSync(file, 'utf8'));
    if (!isDeepStrictEqual(demandsOf(released), demandsOf(entry.schema))) {
      say(
        `schemas/${schemaFileOf(entry)} demands something else and is kept: add a version of ${entry.type} ` +
          'to libs/event-store/codec/event-registry.ts. Only a version that was never released may be ' +
          'deleted and written anew.',
      );
      process.exitCode = 1;
      return;
    }
  }
  writeFileSync(file, schemaTextOf(entry));
}
