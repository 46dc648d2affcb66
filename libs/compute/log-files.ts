import { basename, dirname, join } from 'node:path';

/**
 * A worker's log is a sequence of files that are named for where in the log they start: the first
 * is the log file itself, later ones are `<log file>.<offset>`. So no file is ever renamed, and a
 * reader finds its place without asking whoever writes.
 */
export interface LogPart {
  readonly file: string;
  /** Offset in the whole log of the part's first byte. */
  readonly startOffset: number;
}

export const logPartAt = (logFile: string, startOffset: number): LogPart => ({
  file: startOffset === 0 ? logFile : `${logFile}.${startOffset}`,
  startOffset,
});

/** Parts of a log among the names in its folder, oldest first. */
export function logPartsIn(names: readonly string[], logFile: string): LogPart[] {
  const name = basename(logFile);
  return names
    .flatMap((each) => {
      if (each === name) return [0];
      const suffix = each.startsWith(`${name}.`) ? each.slice(name.length + 1) : '';
      return /^[1-9]\d{0,15}$/.test(suffix) ? [Number(suffix)] : [];
    })
    .sort((one, other) => one - other)
    .map((startOffset) => ({ ...logPartAt(join(dirname(logFile), name), startOffset) }));
}
