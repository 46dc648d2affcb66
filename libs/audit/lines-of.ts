import { MalformedExportLine } from './export-line.ts';

/** A line has one event, and the platform takes none that is larger. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * Lines without their line ends, of bytes that come in pieces.
 *
 * @throws MalformedExportLine when a line is longer than any of an export
 */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, start)) {
      const line = piece.subarray(start, end);
      yield rest.length === 0 ? line : Buffer.concat([...rest, line]);
      [rest, restBytes] = [[], 0];
      start = end + 1;
    }
    const left = piece.subarray(start);
    if (left.length > 0) rest.push(left);
    restBytes += left.length;
    if (restBytes > LINE_BYTES_MAX) {
      throw new MalformedExportLine('this is no export: it has a line without an end');
    }
  }
  if (restBytes > 0) yield Buffer.concat(rest);
}
