import { parseArgs } from 'node:util';
import { assertBuilt } from '#test/support/assert-built.ts';
import { FULL_SIZE, planOf } from './chaos-plan.ts';
import { type ChaosProgress, type ChaosReport, runChaos } from './chaos-run.ts';

const HELP = `npm run chaos -- [--seed N | --seeds COUNT] [--jobs COUNT] [--batches COUNT]

Runs jobs on a whole platform while its processes are killed and paused, and checks that every job
ends as it must. What is done to whom is drawn from the seed: the same seed, the same plan.

  --seed N         this seed alone
  --seeds COUNT    so many seeds, from 1                     10
  --from N         the first of these                        1
  --jobs COUNT     jobs of a seed                            ${FULL_SIZE.jobCount}
  --batches COUNT  batches of a job                          ${FULL_SIZE.batchCount}
  --plan           prints what the seed does, and runs nothing
  --help           this text

A seed that fails is printed with what is wrong, and its data directory with the log stays.
`;

const { values: given } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '10' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(FULL_SIZE.jobCount) },
    batches: { type: 'string', default: String(FULL_SIZE.batchCount) },
    plan: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

class BadOption extends Error {
  override readonly name = 'BadOption';
}

if (given.help) say(HELP);
else {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    say(error.message);
    process.exitCode = 2;
  }
}

async function main(): Promise<number> {
  const size = { jobCount: wholeNumber('jobs'), batchCount: wholeNumber('batches') };
  assertBuilt();
  const failed: number[] = [];
  const interrupt = interruptOnSignal();
  for (const seed of seeds()) {
    const plan = planOf(seed, size);
    if (given.plan) {
      say(
        JSON.stringify(plan, (_, value: unknown) => (value instanceof Map ? [...value] : value), 1),
      );
      continue;
    }
    const onProgress = (progress: ChaosProgress): void => showProgress(seed, progress);
    const report = await runChaos(plan, { onProgress, interrupt });
    if (interrupt.aborted) {
      say(`interrupted; data and logs: ${report.dataDir}`);
      return 130;
    }
    tell(report);
    if (report.problems.length > 0) failed.push(seed);
  }
  if (failed.length > 0) say(`\nFailed seeds: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

function interruptOnSignal(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => interrupt.abort(new Error('interrupted')));
  return interrupt.signal;
}

function seeds(): readonly number[] {
  if (given.seed !== undefined) return [wholeNumber('seed')];
  const from = wholeNumber('from');
  return Array.from({ length: wholeNumber('seeds') }, (_, place) => from + place);
}

function wholeNumber(name: 'seed' | 'seeds' | 'from' | 'jobs' | 'batches'): number {
  const text = given[name] ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new BadOption(`--${name} must be a whole number (got "${text}"); see --help`);
}

function showProgress(seed: number, { submitted, ended, faults }: ChaosProgress): void {
  say(`seed ${seed}: ${submitted} jobs submitted, ${ended} ended, ${faults} faults`);
}

function tell(report: ChaosReport): void {
  const { seed, problems, tookMs, dataDir } = report;
  const figures = `${report.faultCount} faults, ${report.retryCount} requests said again, ${report.eventCount} events, ${report.repeatedCallCount} repeated handler calls`;
  const verdict = problems.length === 0 ? 'passed' : 'FAILED';
  say(`seed ${seed} ${verdict} in ${(tookMs / 1000).toFixed(1)} s: ${figures}`);
  if (problems.length === 0) return;
  for (const problem of problems) say(`  ${problem}`);
  say(
    `  data and logs: ${dataDir}\n  again: npm run chaos -- --seed ${seed} --jobs ${given.jobs} --batches ${given.batches}`,
  );
}
