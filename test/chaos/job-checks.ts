import type { EndStatus } from '#libs/domain/job/job-status-code.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { LoggedEvent } from '#libs/domain/platform-event.ts';
import { jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { JobStatus } from '#test/support/platform-client.ts';
import { NEVER_STALLED } from '#test/support/view.builders.ts';
import { type BatchSets, batchSetsOf, without } from './batch-sets.ts';
import type { PlannedJob } from './chaos-plan.ts';
import { expectedEnd } from './expected-end.ts';
import type { JobRecord } from './handler-records.ts';
import { ITEMS_PER_BATCH } from './submitter.ts';

/** All there is to know of a job after its end. */
export interface JobEvidence {
  readonly plan: PlannedJob;
  /** In log order. */
  readonly events: readonly LoggedEvent[];
  /** What the gateway serves. */
  readonly document: JobStatus;
  /** Indexes of the letters in its dead-letter queue. */
  readonly deadLetters: readonly number[];
  readonly record: JobRecord;
}

/** @returns what is wrong with a job's end; nothing when it ended as it must */
export function problemsOf(evidence: JobEvidence): readonly string[] {
  const sets = batchSetsOf(evidence.events);
  return [
    ...endProblems(evidence),
    ...countProblems(evidence, sets),
    ...documentProblems(evidence, sets),
    ...itemProblems(evidence, sets),
    ...hookProblems(evidence),
    ...deadLetterProblems(evidence, sets),
  ].map((problem) => `${evidence.plan.name}: ${problem}`);
}

function endProblems({ plan, events, record }: JobEvidence): readonly string[] {
  const ends = events.flatMap(({ event }) => (event.type === 'JobCompleted' ? [event.data] : []));
  const submissions = events.filter(({ event }) => event.type === 'JobSubmitted');
  const { status } = expectedEnd(plan);
  return [
    ...(submissions.length === 1 ? [] : [`submitted ${submissions.length} times`]),
    ...(ends.length === 1 ? [] : [`completed ${ends.length} times`]),
    ...(NO_CALL_AFTER.has(status) && record.lastCallAtMs > endedAtMs(events)
      ? [`a handler call started ${record.lastCallAtMs - endedAtMs(events)} ms after the end`]
      : []),
    ...(ends.every((end) => end.status === status)
      ? []
      : [`must end ${status}, but ended ${JSON.stringify(ends)}`]),
  ];
}

/** Whoever stops a job relies on it; at another end nothing is left to call for. */
const NO_CALL_AFTER: ReadonlySet<EndStatus> = new Set<EndStatus>(['stopped', 'timed_out']);

const endedAtMs = (events: readonly LoggedEvent[]): number =>
  Date.parse(events.find(({ event }) => event.type === 'JobCompleted')?.at ?? '');

/** The plan alone says what the counts of a job are whose every batch is settled. */
function countProblems({ plan }: JobEvidence, sets: BatchSets): readonly string[] {
  const { settled } = expectedEnd(plan);
  if (settled === null) return [];
  const { batchCount } = plan;
  const lost = settled.failed.length + settled.deadLettered.length;
  return [
    ...differs('batches enqueued', sets.enqueued, batchCount),
    ...differs('batches succeeded', sets.succeeded.size, batchCount - lost),
    ...differs('failed batches', ascending(sets.failed), settled.failed),
    ...differs('dead-lettered batches', ascending(sets.deadLettered), settled.deadLettered),
  ];
}

function documentProblems({ events, document }: JobEvidence, sets: BatchSets): readonly string[] {
  const { enqueued, succeeded, failed, deadLettered } = sets;
  const settledCount = succeeded.size + failed.size + deadLettered.size;
  return [
    ...differs('batch_counts', document.batch_counts, {
      enqueued,
      succeeded: succeeded.size,
      failed: failed.size,
      dead_lettered: deadLettered.size,
      cancelled: enqueued - settledCount,
      remaining: 0,
    }),
    ...differs('batch_metrics.succeeded', document.batch_metrics.succeeded, succeeded.size),
    ...differs('batch_metrics.failed', document.batch_metrics.failed, sets.failedAttemptCount),
    ...differs('the document and a fold of the log', document, foldedDocument(events)),
  ];
}

function foldedDocument(events: readonly LoggedEvent[]): unknown {
  const view = new PlatformView();
  for (const logged of events) view.apply(logged);
  const [job] = view.jobs.values();
  return job === undefined
    ? null
    : JSON.parse(stringifyWithRaw(jobStatusDocument(job, NEVER_STALLED)));
}

/** At least once, and as they were sent. */
function itemProblems({ plan, record }: JobEvidence, sets: BatchSets): readonly string[] {
  const handled = [...sets.succeeded, ...sets.failed, ...attempted(plan, sets)];
  const missing = handled.filter((index) => !record.itemsByBatch.has(index));
  const wrong = [...record.itemsByBatch].filter(([index, calls]) =>
    calls.some((items) => !isBatch(index, items)),
  );
  return [
    ...(missing.length === 0 ? [] : [`never handled, but settled: ${missing.join(', ')}`]),
    ...(wrong.length === 0 ? [] : [`batches with other items: ${JSON.stringify(wrong)}`]),
    ...differs('batches of other jobs', record.foreignBatchIds, []),
  ];
}

/** Batches that were dead-lettered because their handler said no, so it was called. */
const attempted = ({ marks }: PlannedJob, { deadLettered }: BatchSets): readonly number[] =>
  [...deadLettered].filter((index) => marks.has(index));

const isBatch = (index: number, items: readonly number[]): boolean =>
  items.length === ITEMS_PER_BATCH &&
  items.every((item, place) => item === index * ITEMS_PER_BATCH + place);

/** Acknowledged once when every batch is settled, never called otherwise. */
function hookProblems({ plan, events, record }: JobEvidence): readonly string[] {
  const outcomes = events.flatMap(({ event }) =>
    event.type === 'JobCompleted' ? [event.data.completionHook] : [],
  );
  if (expectedEnd(plan).settled === null) {
    return [
      ...differs('calls of the completion hook', record.hookBodies.length, 0),
      ...differs('the outcome of the completion hook', outcomes, [null]),
    ];
  }
  const wasHeard = record.hookBodies.length > 0;
  return [
    ...(wasHeard ? [] : ['the completion hook was never called']),
    ...differs('bodies of the completion hook', new Set(record.hookBodies).size, 1),
    ...differs(
      'acknowledgements of the completion hook',
      outcomes.map((outcome) => outcome?.result),
      ['succeeded'],
    ),
  ];
}

function deadLetterProblems({ deadLetters }: JobEvidence, sets: BatchSets): readonly string[] {
  const missing = ascending(without(sets.deadLettered, new Set(deadLetters)));
  return missing.length === 0 ? [] : [`not in the dead-letter queue: ${missing.join(', ')}`];
}

const ascending = (indexes: ReadonlySet<number>): readonly number[] =>
  [...indexes].toSorted((a, b) => a - b);

function differs(what: string, is: unknown, mustBe: unknown): readonly string[] {
  const [have, want] = [canonical(is), canonical(mustBe)];
  return have === want ? [] : [`${what}: ${have}, must be ${want}`];
}

/** JSON with the members of every object in one order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
