export const BUCKET = 'rows';
export const OBJECT_KEY = 'rows.ndjson';
export const LIST_BUCKET = 'keys';

/** With its newline. */
export const ROW_BYTES = 200;

/** A row of an ordinary kind: numbers, words, an array, and text that makes it `ROW_BYTES` long. */
export function rowAt(row: number): string {
  const facts = `{"id":${1_000_000 + row},"user":"user-${row % 977}","score":${(row % 1000) / 8},"tags":["a","b"],"text":"`;
  return `${facts}${'lorem ipsum '.repeat(20)}`.slice(0, ROW_BYTES - 3) + '"}\n';
}

/** Two of three are images; of a hundred images one is a thumbnail. */
export const keyAt = (index: number): string => {
  const number = String(index).padStart(9, '0');
  const name = index % 300 === 0 ? 'thumbnail' : 'image';
  return `data/2026/${number}/${name}.${index % 3 === 2 ? 'json' : 'jpg'}`;
};
export const INCLUDES = ['**.jpg'];
export const EXCLUDES = ['**/thumbnail.*'];

/** How many of the first `count` keys these globs leave. */
export const selectedCount = (count: number): number =>
  Array.from({ length: count }, (_, index) => index).filter(
    (index) => index % 3 !== 2 && index % 300 !== 0,
  ).length;
