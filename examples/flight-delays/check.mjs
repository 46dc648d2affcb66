import { readFileSync } from 'node:fs';

/* Compares a job's result.json with the sums over the source: node check.mjs RESULT_JSON */

const source = new URL('../data/flights-200k.json', import.meta.resolve('vega-datasets'));
const flights = JSON.parse(readFileSync(source, 'utf8'));
const hours = Object.values(JSON.parse(readFileSync(process.argv[2], 'utf8')));

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const expected = {
  flights: flights.length,
  minutes: sum(flights.map(({ delay }) => delay)),
  miles: sum(flights.map(({ distance }) => distance)),
};
const found = {
  flights: sum(hours.map(({ flightCount }) => flightCount)),
  minutes: sum(hours.map(({ delayMinutes }) => delayMinutes)),
  miles: sum(hours.map(({ distanceMiles }) => distanceMiles)),
};
const isRight = JSON.stringify(found) === JSON.stringify(expected);
console.log(`${isRight ? 'right' : 'WRONG'}: the source has ${JSON.stringify(expected)}`);
if (!isRight) console.log(`the job found ${JSON.stringify(found)}`);
process.exitCode = isRight ? 0 : 1;
