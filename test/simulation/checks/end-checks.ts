import { isDeepStrictEqual } from 'node:util';
import type { LoggedEvent } from '#libs/domain/platform-event.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import { jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import { mayRetire, PlatformView } from '#libs/domain/status/platform-view.ts';
import { textOf } from '#libs/projection/job-text.ts';
import { EPOCH_MS } from '../kernel/sim-process.ts';
import type { World } from '../world.ts';
import type { Checks } from './checks.ts';
import type { JobLedger } from './job-ledger.ts';

const LETTER_BYTES_MAX = 1_000_000;

/** What is wrong once every job has ended and everybody had the time to clean up. */
export async function endProblems(world: World, checks: Checks): Promise<string[]> {
  const problems: string[] = [];
  for (const job of checks.jobs.values()) {
    const name = `job ${job.plan.number}`;
    for (const problem of await jobProblems(world, job)) problems.push(`${name}: ${problem}`);
  }
  const queues = await world.queue.list();
  if (queues.length > 0) problems.push(`${queues.length} queues are left`);
  return problems;
}

async function jobProblems(world: World, job: JobLedger): Promise<string[]> {
  const problems: string[] = [];
  const { submitted, end } = job;
  const { source } = submitted;
  if (source.kind === 'item_list' && (await world.blobs.get(source.itemsKey)) !== null) {
    problems.push('its items are left');
  }
  for (const index of job.succeeded) {
    if (!job.handled.has(index))
      problems.push(`batch ${index} succeeded without having been handled`);
  }
  if (end?.completionHook?.result === 'succeeded' && job.hookAcknowledgements.size === 0) {
    problems.push('its hook is said to have been acknowledged, and was not');
  }
  const { deadLetterQueue } = submitted;
  if (deadLetterQueue !== null) {
    const { arn } = deadLetterQueue;
    const { letters } = await world.queue.readDeadLetters(submitted, arn, LETTER_BYTES_MAX);
    const there = new Set(letters.map(({ index }) => index));
    for (const index of job.deadLettered) {
      if (!there.has(index)) problems.push(`batch ${index} is not in the dead-letter queue`);
    }
  }
  return problems;
}

/** Any time will do, as long as both documents are of the same. */
const AT_THE_END = { nowMs: EPOCH_MS + 1_000_000, stalledAfterMs: 600_000 };

const documents = (view: PlatformView): string =>
  stringifyWithRaw(
    [...view.jobs.values()]
      .sort((a, b) => (a.submitted.jobId < b.submitted.jobId ? -1 : 1))
      .map((job) => jobStatusDocument(job, AT_THE_END)),
  );

/** What a follower shows has to be what its part of the log says. */
export function documentProblem(shown: PlatformView, log: readonly LoggedEvent[]): string | null {
  const rebuilt = new PlatformView();
  for (const logged of log) if (logged.position <= shown.position) rebuilt.apply(logged);
  for (const job of rebuilt.jobs.values()) {
    if (mayRetire(job)) rebuilt.retire(job, textOf(job).digest); // The digest stands for the rest.
  }
  const isSame =
    documents(shown) === documents(rebuilt) &&
    isDeepStrictEqual(shown.snapshot(), rebuilt.snapshot());
  return isSame ? null : `documents at ${shown.position} are not what the log says`;
}
