import { Command, InvalidArgumentError } from 'commander';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { runSeeds } from './run-seeds.ts';

const SEEDS = 2000;
const JOBS_MAX = 3;
const FAILURES_MAX = 10;

function wholeNumber(text: string): number {
  const number = Number(text);
  if (text === '' || !Number.isSafeInteger(number) || number < 0) {
    throw new InvalidArgumentError('give a whole number, 0 or more');
  }
  return number;
}

function plantName(text: string): string {
  if (text in PLANTED_BUGS) return text;
  throw new InvalidArgumentError(`give one of ${Object.keys(PLANTED_BUGS).join(', ')}`);
}

const command = new Command('npm run simulate --')
  .description(
    'Plays the services of the platform in one process, under a virtual clock and with faults between\n' +
      'any two steps. All that is left to chance is drawn from the seed, so a seed that fails replays exactly.',
  )
  .option('--seeds <count>', 'how many seeds to play', wholeNumber, SEEDS)
  .option('--from <seed>', 'the first of them', wholeNumber, 1)
  .option('--seed <seed>', 'play this one only', wholeNumber)
  .option('--trace', 'print every step', false)
  .option('--jobs-max <count>', 'at most so many jobs in a seed', wholeNumber, JOBS_MAX)
  .option('--failures-max <count>', 'stop at the so-manieth failure', wholeNumber, FAILURES_MAX)
  .option('--plant <bug>', `play with a bug: ${Object.keys(PLANTED_BUGS).join(', ')}`, plantName)
  .parse();

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly trace: boolean;
  readonly jobsMax: number;
  readonly failuresMax: number;
  readonly plant?: string;
}

const options = command.opts<Options>();
const startedAt = performance.now();
const summary = await runSeeds({
  from: options.seed ?? options.from,
  seedCount: options.seed === undefined ? options.seeds : 1,
  jobsMax: Math.max(1, options.jobsMax),
  failuresMax: Math.max(1, options.failuresMax),
  isTraced: options.trace,
  plant: options.plant ?? null,
});
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
const { seedCount, failedSeeds, straySeedCount, fingerprint, ends } = summary;
if (options.seed !== undefined) console.log(`fingerprint ${fingerprint}`);
const endCounts = [...ends].map(([status, count]) => `${count} ${status}`);
console.log(`jobs ended: ${endCounts.join(', ')}`);
if (straySeedCount > 0) {
  console.log(
    `${straySeedCount} seeds with calls by workers of a scheduler that had been replaced`,
  );
}
console.log(`${seedCount} seeds in ${seconds} s, ${failedSeeds.length} failed`);
process.exitCode = failedSeeds.length > 0 ? 1 : 0;
