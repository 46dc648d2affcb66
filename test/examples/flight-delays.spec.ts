import { describe, expect, it } from '@jest/globals';
import { addDelays, delaysOf, delaysText, totalOf } from '../../examples/flight-delays/delays.ts';

const flights = [
  { delay: 15, distance: 100, time: 9.5 },
  { delay: 14, distance: 200, time: 9 },
  { delay: -4, distance: 300, time: 23.99 },
];

describe('the flight example', () => {
  it('adds flights up by the hour of departure', () => {
    expect(delaysOf(flights)).toEqual({
      '09': { flightCount: 2, delayMinutes: 29, distanceMiles: 300, lateCount: 1 },
      '23': { flightCount: 1, delayMinutes: -4, distanceMiles: 300, lateCount: 0 },
    });
  });

  it('has the same sums however the flights are cut into batches', () => {
    const parts = flights.map((flight) => delaysOf([flight]));
    expect(parts.reduce(addDelays, {})).toEqual(delaysOf(flights));
    expect(totalOf(delaysOf(flights)).flightCount).toBe(3);
  });

  it('shows an hour a line', () => {
    expect(delaysText(delaysOf(flights)).split('\n').slice(3)).toEqual([
      '09h        2     14.5    50%  #########################',
      '23h        1     -4.0     0%  ',
    ]);
  });
});
