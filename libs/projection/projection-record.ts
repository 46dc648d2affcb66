import { z } from 'zod';
import type { DocumentStore } from './document-store/document-store.port.ts';

const count = z.int().nonnegative();

const recordSchema = z.object({
  /** What everybody reads. */
  generation: z.int().positive(),
  /** From this one on documents may be left. */
  oldestGeneration: z.int().positive(),
  /** The next generation, while it is wanted. */
  rebuild: z
    .object({
      generation: z.int().positive(),
      /** RFC 3339. */
      requestedAt: z.string(),
      /** How far it has got. */
      position: count,
      /** How far it had to get when it last looked. */
      lastPosition: count,
    })
    .nullable(),
});

/** Which generation of the projection is in use, and which is being made. */
export type ProjectionState = z.infer<typeof recordSchema>;

const FIRST: ProjectionState = { generation: 1, oldestGeneration: 1, rebuild: null };

/** An unreadable record counts as none: what it leads to is a cache. */
function parse(text: string | null): ProjectionState {
  if (text === null) return FIRST;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return FIRST;
  }
}

export async function readProjectionState(documents: DocumentStore): Promise<ProjectionState> {
  return parse((await documents.readRecord()).text);
}

/**
 * Changes the record, whoever else does so meanwhile.
 *
 * @param change makes the new state of the newest one; `null` leaves it as it is. May be asked again
 * @returns the state as it is then
 */
export async function changeProjectionState(
  documents: DocumentStore,
  change: (state: ProjectionState) => ProjectionState | null,
): Promise<ProjectionState> {
  for (;;) {
    const { text, revision } = await documents.readRecord();
    const state = parse(text);
    const changed = change(state);
    if (changed === null) return state;
    if (await documents.writeRecord(JSON.stringify(changed), revision)) return changed;
  }
}
