import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

const PLACE = /(file:\S+):(\d+):(\d+)(?=\)?$)/;

/**
 * Lets stacks name the sources of what was built, as Node's `--enable-source-maps` does, but reads a map
 * only for a stack that somebody reads. The flag reads all of them at once, which costs each start of a
 * worker 35 ms of processor time.
 */
export function mapStacksWhenRead(): void {
  if (process.sourceMapsEnabled) return; // Node maps them.
  const maps = new Map<string, SourceMap | null>();
  const mapOf = (file: string): SourceMap | null => {
    let map = maps.get(file);
    if (map === undefined) maps.set(file, (map = readMap(file)));
    return map;
  };
  Error.prepareStackTrace = (error, frames) =>
    [
      Error.prototype.toString.call(error),
      ...frames.map(String).map((frame) => `    at ${inSources(frame, mapOf)}`),
    ].join('\n');
}

function inSources(frame: string, mapOf: (file: string) => SourceMap | null): string {
  return frame.replace(PLACE, (place, file: string, line: string, column: string) => {
    // Stacks count from one, maps from nought.
    const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return place;
    if (!entry.originalSource) return place; // Of a package.
    const source = fileURLToPath(new URL(entry.originalSource, file));
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

/** `null` when there is none that can be read: a stack is then as good as it was. */
function readMap(file: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${file}.map`), 'utf8')));
  } catch {
    return null;
  }
}
