/** A record of `movies.json` in the npm package vega-datasets, as far as it is used here. */
export interface Film {
  /** Three titles, such as 1776, are numbers. */
  readonly Title: string | number | null;
  readonly Director: string | null;
  readonly 'Major Genre': string | null;
  /** US dollars. */
  readonly 'Production Budget': number | null;
  /** US dollars; 0 where it is not known. */
  readonly 'Worldwide Gross': number | null;
  readonly 'IMDB Rating': number | null;
}

/** What is known of a group of films. Two of them add up to one of both groups. */
export interface Totals {
  readonly filmCount: number;
  /** Films whose budget and gross are both known; the money is theirs. */
  readonly accountedCount: number;
  readonly budgetUsd: number;
  readonly grossUsd: number;
  /** Of the accounted films, those that grossed less than they cost. */
  readonly lossCount: number;
  readonly ratedCount: number;
  readonly ratingSum: number;
}

export interface Result {
  readonly title: string;
  readonly profitUsd: number;
}

/** Of one batch, or of any number of them. */
export interface FilmSummary {
  readonly all: Totals;
  readonly genres: Readonly<Record<string, Totals>>;
  readonly directors: Readonly<Record<string, Totals>>;
  /** Greatest profit first, at most five. */
  readonly hits: readonly Result[];
  /** Greatest loss first, at most five. */
  readonly flops: readonly Result[];
}

const RESULTS_MAX = 5;

const nothing: Totals = {
  filmCount: 0,
  accountedCount: 0,
  budgetUsd: 0,
  grossUsd: 0,
  lossCount: 0,
  ratedCount: 0,
  ratingSum: 0,
};

export const emptySummary: FilmSummary = {
  all: nothing,
  genres: {},
  directors: {},
  hits: [],
  flops: [],
};

export const summarise = (films: readonly Film[]): FilmSummary =>
  films.map(summaryOfFilm).reduce(mergeSummaries, emptySummary);

export function mergeSummaries(a: FilmSummary, b: FilmSummary): FilmSummary {
  return {
    all: addTotals(a.all, b.all),
    genres: addGroups(a.genres, b.genres),
    directors: addGroups(a.directors, b.directors),
    hits: [...a.hits, ...b.hits].toSorted(byProfit).slice(0, RESULTS_MAX),
    flops: [...a.flops, ...b.flops].toSorted((x, y) => byProfit(y, x)).slice(0, RESULTS_MAX),
  };
}

function summaryOfFilm(film: Film): FilmSummary {
  const budgetUsd = film['Production Budget'] ?? 0;
  const grossUsd = film['Worldwide Gross'] ?? 0;
  const rating = film['IMDB Rating'];
  const isAccounted = budgetUsd > 0 && grossUsd > 0;
  const profitUsd = grossUsd - budgetUsd;
  const all: Totals = {
    filmCount: 1,
    accountedCount: isAccounted ? 1 : 0,
    budgetUsd: isAccounted ? budgetUsd : 0,
    grossUsd: isAccounted ? grossUsd : 0,
    lossCount: isAccounted && profitUsd < 0 ? 1 : 0,
    ratedCount: rating === null ? 0 : 1,
    ratingSum: rating ?? 0,
  };
  const result = { title: String(film.Title ?? 'untitled'), profitUsd };
  return {
    all,
    genres: { [film['Major Genre'] ?? '(no genre)']: all },
    directors: film.Director === null ? {} : { [film.Director]: all },
    hits: isAccounted && profitUsd > 0 ? [result] : [],
    flops: isAccounted && profitUsd < 0 ? [result] : [],
  };
}

function addTotals(a: Totals, b: Totals): Totals {
  return {
    filmCount: a.filmCount + b.filmCount,
    accountedCount: a.accountedCount + b.accountedCount,
    budgetUsd: a.budgetUsd + b.budgetUsd,
    grossUsd: a.grossUsd + b.grossUsd,
    lossCount: a.lossCount + b.lossCount,
    ratedCount: a.ratedCount + b.ratedCount,
    ratingSum: a.ratingSum + b.ratingSum,
  };
}

type Groups = Readonly<Record<string, Totals>>;

function addGroups(a: Groups, b: Groups): Groups {
  const sum: Record<string, Totals> = { ...a };
  for (const [name, totals] of Object.entries(b)) {
    sum[name] = addTotals(sum[name] ?? nothing, totals);
  }
  return sum;
}

/** Ties in the order of titles, so that the order of batches does not show. */
const byProfit = (a: Result, b: Result): number =>
  b.profitUsd - a.profitUsd || a.title.localeCompare(b.title);
