/** Median and range of what was measured, e.g. in milliseconds. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): Summary {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}

/** The smallest value that at least `share` of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? Number.NaN;
}

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const formatRate = ({ median, min, max }: Summary): string =>
  `${WHOLE.format(median)} (${WHOLE.format(min)} to ${WHOLE.format(max)})`;
