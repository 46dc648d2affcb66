/** A row of `flights-200k.json` in the npm package vega-datasets. */
export interface Flight {
  /** Minutes late on arrival; negative is early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  /** Hour of the departure, with a fraction. */
  readonly time: number;
}

/** Whole numbers only: they add up to the same in whatever order batches come. */
export interface HourTotals {
  readonly flightCount: number;
  readonly delayMinutes: number;
  readonly distanceMiles: number;
  /** 15 minutes or more, which is what the airlines' statistics call late. */
  readonly lateCount: number;
}

/** Of one batch, or of any number of them; by the hour of departure. */
export type Delays = Readonly<Record<string, HourTotals>>;

const LATE_MINUTES = 15;
const nothing: HourTotals = { flightCount: 0, delayMinutes: 0, distanceMiles: 0, lateCount: 0 };

export function delaysOf(flights: readonly Flight[]): Delays {
  const hours: Record<string, HourTotals> = {};
  for (const { delay, distance, time } of flights) {
    const hour = String(Math.floor(time)).padStart(2, '0');
    hours[hour] = addTotals(hours[hour] ?? nothing, {
      flightCount: 1,
      delayMinutes: delay,
      distanceMiles: distance,
      lateCount: delay >= LATE_MINUTES ? 1 : 0,
    });
  }
  return hours;
}

export function addDelays(a: Delays, b: Delays): Delays {
  const sum: Record<string, HourTotals> = { ...a };
  for (const [hour, totals] of Object.entries(b)) {
    sum[hour] = addTotals(sum[hour] ?? nothing, totals);
  }
  return sum;
}

export const totalOf = (delays: Delays): HourTotals =>
  Object.values(delays).reduce(addTotals, nothing);

function addTotals(a: HourTotals, b: HourTotals): HourTotals {
  return {
    flightCount: a.flightCount + b.flightCount,
    delayMinutes: a.delayMinutes + b.delayMinutes,
    distanceMiles: a.distanceMiles + b.distanceMiles,
    lateCount: a.lateCount + b.lateCount,
  };
}

/** The result for a person: one line for all of them, then the hours with a bar for the late ones. */
export function delaysText(delays: Delays): string {
  const all = totalOf(delays);
  const lines = Object.entries(delays)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([hour, totals]) => {
      const late = (100 * totals.lateCount) / totals.flightCount;
      const mean = (totals.delayMinutes / totals.flightCount).toFixed(1);
      const count = totals.flightCount.toLocaleString('en-US');
      return `${hour}h ${count.padStart(8)} ${mean.padStart(8)} ${`${late.toFixed(0)}%`.padStart(6)}  ${'#'.repeat(Math.round(late / 2))}`;
    });
  return [
    `${all.flightCount.toLocaleString('en-US')} flights over ${all.distanceMiles.toLocaleString('en-US')} miles, ` +
      `${all.delayMinutes.toLocaleString('en-US')} minutes late in all; ${all.lateCount.toLocaleString('en-US')} flights late by ${LATE_MINUTES} minutes or more`,
    '',
    'hour  flights  minutes   late',
    ...lines,
  ].join('\n');
}
