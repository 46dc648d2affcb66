import type { Style } from './terminal.ts';

export interface Column {
  readonly title: string;
  readonly cells: readonly string[];
}

const GAP = ' '.repeat(3);

/** Columns as wide as their widest cell, three spaces apart, under titles in bold. */
export function renderTable(columns: readonly Column[], style: Pick<Style, 'bold'>): string {
  const widths = columns.map(({ title, cells }) =>
    Math.max(title.length, ...cells.map((cell) => cell.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join(GAP)
      .trimEnd();
  const rowCount = columns[0]?.cells.length ?? 0;
  const rows = Array.from({ length: rowCount }, (_, row) =>
    line(columns.map(({ cells }) => cells[row] ?? '')),
  );
  return [style.bold(line(columns.map(({ title }) => title))), ...rows].join('\n');
}

/** A column that is only worth its place when some count in it is not zero. */
export function countColumnUnlessZero(title: string, counts: readonly number[]): Column[] {
  return counts.some((count) => count > 0) ? [{ title, cells: counts.map(String) }] : [];
}
