import { z } from 'zod';
import type { InputFile } from '#libs/object-store/input-files.port.ts';
import type { LineStart } from '#libs/object-store/delimited/line-batcher.ts';
import type { SelectionCursor } from '#libs/object-store/selection/file-selection.ts';

/** Where in which version of which file the next line starts. */
export interface FilePosition {
  /** Behind the file. */
  readonly selection: SelectionCursor;
  readonly file: InputFile;
  readonly isGzipped: boolean;
  readonly start: LineStart;
}

const whole = z.int().min(0);

const selectionCursor = z.object({
  pathIndex: whole,
  after: z.string().nullable(),
  objects: z.string().nullable(),
}) satisfies z.ZodType<SelectionCursor>;

const filePosition = z.object({
  selection: selectionCursor,
  file: z.object({ bucket: z.string(), key: z.string(), sizeBytes: whole, etag: z.string() }),
  isGzipped: z.boolean(),
  start: z.object({ line: whole, byteOffset: whole }),
}) satisfies z.ZodType<FilePosition>;

/** @param position as it was recorded; `""` is the start, which is `null` */
export const readSelectionCursor = (position: string): SelectionCursor | null =>
  position === '' ? null : selectionCursor.parse(JSON.parse(position));

/** Likewise. */
export const readFilePosition = (position: string): FilePosition | null =>
  position === '' ? null : filePosition.parse(JSON.parse(position));
