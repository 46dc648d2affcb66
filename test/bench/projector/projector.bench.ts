import { printTable, writeResult } from '../report.ts';
import { quantile } from '../statistics.ts';
import { ProjectorUnderTest } from '#test/support/projector-under-test.ts';
import { syntheticJobId } from '#test/support/synthetic-log.ts';

const ENDED_JOBS = 100_000;
const RUNNING_JOBS = 1000;
const BATCHES = 1000;
const PAGES = 200;
const LIMIT_MB = 400;

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** The status projector's process with many jobs: its memory, a page of the list, restart, rebuild. */
export async function benchProjector(size: number | null): Promise<void> {
  const endedJobCount = size ?? ENDED_JOBS;
  const runningJobCount = Math.ceil((endedJobCount / ENDED_JOBS) * RUNNING_JOBS);
  console.log(`${endedJobCount} ended jobs, ${runningJobCount} of ${BATCHES} batches run\n`);
  const projector = await ProjectorUnderTest.start({
    endedJobCount,
    runningJobCount,
    batchCount: BATCHES,
  });
  try {
    console.log(`${projector.lastPosition} events are in the log`);
    const fromZeroMs = await projector.run();
    const foldedMb = projector.residentMb('VmHWM');
    await projector.end('SIGTERM');
    const restartMs = await projector.run();
    const restartedMb = projector.residentMb('VmRSS');
    const jobCount = endedJobCount + runningJobCount;
    const places = { first: jobCount, middle: endedJobCount / 2, last: endedJobCount / 100 };
    const pages: Record<string, number[]> = {};
    for (const [place, from] of Object.entries(places)) {
      pages[place] = [];
      for (let n = 0; n < PAGES; n++) {
        const after = syntheticJobId(Math.max(101, Math.floor(from) - n * 3));
        pages[place].push((await projector.page(after)).ms);
      }
    }
    const pagedMb = projector.residentMb('VmHWM');
    const rebuildMs = await projector.rebuild();
    const peakMb = projector.residentMb('VmHWM');
    const pageRows = Object.entries(pages).map(([place, times]) => [
      `page of 100, ${place}`,
      `p50 ${ms(quantile(times, 0.5))}, p99 ${ms(quantile(times, 0.99))}`,
      '',
    ]);
    printTable([
      ['what', 'measured', 'wanted'],
      ['resident, folded from zero, at most', `${foldedMb} MB`, `< ${LIMIT_MB} MB`],
      ['resident, from a snapshot', `${restartedMb} MB`, `< ${LIMIT_MB} MB`],
      ['resident, paged, at most', `${pagedMb} MB`, `< ${LIMIT_MB} MB`],
      ['resident, rebuilt, at most', `${peakMb} MB`, `< ${LIMIT_MB} MB`],
      ...pageRows,
      ['start from zero', ms(fromZeroMs), ''],
      ['restart from a snapshot', ms(restartMs), ''],
      ['rebuild', ms(rebuildMs), ''],
    ]);
    const figures = { foldedMb, restartedMb, pagedMb, peakMb, fromZeroMs, restartMs, rebuildMs };
    const pageMs = Object.fromEntries(
      Object.entries(pages).map(([place, times]) => [
        place,
        { p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
      ]),
    );
    writeResult('projector', {
      bench: 'projector',
      events: projector.lastPosition,
      endedJobCount,
      runningJobCount,
      ...figures,
      pageMs,
    });
  } finally {
    await projector.stop();
  }
}
