import type { FilmSummary, Result, Totals } from './film-summary.ts';

/** Fewer films say little about a director. */
const DIRECTOR_FILMS_MIN = 5;
const DIRECTORS_SHOWN = 8;

/** The summary as tables for a person. */
export function summaryText({ all, genres, directors, hits, flops }: FilmSummary): string {
  const seasoned = Object.entries(directors)
    .filter(([, totals]) => totals.accountedCount >= DIRECTOR_FILMS_MIN)
    .toSorted(byReturn)
    .slice(0, DIRECTORS_SHOWN);
  return [
    `${all.filmCount.toLocaleString('en-US')} films: ${usd(all.budgetUsd)} spent, ` +
      `${usd(all.grossUsd)} taken at the box office, ${percent(all.lossCount, all.accountedCount)} lost money`,
    totalsTable('genre', Object.entries(genres).toSorted(byReturn)),
    totalsTable(`director (${DIRECTOR_FILMS_MIN} films or more)`, seasoned),
    resultsTable('greatest hits', 'profit', hits),
    resultsTable('greatest flops', 'loss', flops),
  ].join('\n\n');
}

type Row = readonly [name: string, totals: Totals];

const byReturn = ([nameA, a]: Row, [nameB, b]: Row): number =>
  returnOf(b) - returnOf(a) || nameA.localeCompare(nameB);

/** What came back for each dollar spent. */
const returnOf = ({ budgetUsd, grossUsd }: Totals): number =>
  budgetUsd === 0 ? 0 : grossUsd / budgetUsd;

function totalsTable(title: string, rows: readonly Row[]): string {
  const header = [title, 'films', 'spent', 'taken', 'per dollar', 'lost money', 'imdb'];
  const lines = rows.map(([name, totals]) => [
    name,
    String(totals.filmCount),
    usd(totals.budgetUsd),
    usd(totals.grossUsd),
    `$${returnOf(totals).toFixed(2)}`,
    percent(totals.lossCount, totals.accountedCount),
    totals.ratedCount === 0 ? '-' : (totals.ratingSum / totals.ratedCount).toFixed(1),
  ]);
  return table([header, ...lines]);
}

const resultsTable = (title: string, what: string, results: readonly Result[]): string =>
  table([
    [title, what],
    ...results.map(({ title: film, profitUsd }) => [film, usd(Math.abs(profitUsd))]),
  ]);

/** The first column to the left, numbers to the right. */
function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('   '),
    )
    .join('\n');
}

/** `$1.2 bn` or `$34.5 m`. */
const usd = (dollars: number): string =>
  dollars >= 1e9 ? `$${(dollars / 1e9).toFixed(1)} bn` : `$${(dollars / 1e6).toFixed(1)} m`;

const percent = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${Math.round((100 * part) / whole)}%`;
