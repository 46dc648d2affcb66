import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { apiName } from '#libs/domain/kernel/ids.ts';
import type { LoggedEvent, PlatformEvent } from '#libs/domain/platform-event.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import type { StalledRule } from '#libs/domain/worker/worker-record.ts';
import { EVENT_REGISTRY } from '#libs/event-store/codec/event-registry.ts';
import type { DecisionLane, FactLane } from '#libs/event-store/event-store.port.ts';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import type { AsOf } from '#libs/messaging/queries.ts';
import { InMemoryBlobStore } from '#libs/object-store/in-memory/in-memory-blob-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { InMemoryDocumentStore } from '#libs/projection/document-store/in-memory/in-memory-document-store.ts';
import { ViewFollower } from '#libs/projection/view-follower.ts';
import { ViewSnapshots } from '#libs/projection/view-snapshots.ts';
import { anApiDeleted, anApiDeployed } from '#test/support/api.builders.ts';
import {
  anyHistory,
  endedHistory,
  logOf,
  type TimedEvent,
  times,
} from '#test/support/history.builders.ts';
import { A_JOB } from '#test/support/job.builders.ts';
import { getJob } from './get-job/get-job.ts';
import { listJobs } from './list-jobs/list-jobs.ts';
import { listWorkers } from './list-workers/list-workers.ts';
import { JobAnswers } from './job-answers.ts';

const apiEvents: fc.Arbitrary<TimedEvent> = fc.record({
  event: fc.constantFrom<PlatformEvent>(anApiDeployed(), anApiDeleted()),
  at: times,
});
/** Events of a job, and its API is deployed and deleted meanwhile. */
const histories = fc
  .tuple(fc.oneof(anyHistory, endedHistory), fc.array(apiEvents, { maxLength: 4 }))
  .chain(([ofJob, ofApi]) =>
    fc.shuffledSubarray([...ofJob, ...ofApi], { minLength: ofJob.length + ofApi.length }),
  );

const STALLED_AFTER_MS = 600_000;
const allJobs = { apiName: null, statuses: null, countMax: 10, after: null };
const allWorkers = { jobId: A_JOB, countMax: 10, after: null };

const recall = (): never => {
  throw new Error('nothing was retired');
};
const stalledRule = (): StalledRule => ({ nowMs: Date.now(), stalledAfterMs: STALLED_AFTER_MS });

/** Everything that can be asked about jobs, as it is answered from a view. */
const answersFrom = async (view: PlatformView, rule: StalledRule): Promise<unknown> => {
  const job = view.jobs.get(A_JOB) ?? null;
  return [
    getJob(view, job, rule),
    listWorkers(job, allWorkers, rule),
    await listJobs(view, allJobs, { rule, recall }),
  ];
};

async function write(store: InMemoryEventStore, { id, at, event }: LoggedEvent): Promise<void> {
  const kind = EVENT_REGISTRY[event.type].lane;
  const lane = { kind, apiName: apiName('sum'), jobId: A_JOB } as DecisionLane & FactLane;
  if (kind === 'batch' || kind === 'worker') return store.record(lane, [{ id, at, event }]);
  await store.append(lane, { id, at, event }, (await store.read(lane)).version);
}

/** Answers as the service does, from a follower that has read `store` to its end. */
async function answersOn(
  store: InMemoryEventStore,
  snapshots: ViewSnapshots,
): Promise<{ readonly asked: JobAnswers; readonly stop: () => Promise<void> }> {
  const documents = new InMemoryDocumentStore();
  const deps = { store, snapshots, documents, logger: silentLogger };
  const followed = await ViewFollower.open({ ...deps, isWriter: true });
  const stopping = new AbortController();
  const running = followed.run(stopping.signal);
  return {
    asked: new JobAnswers({ ...deps, followed, stalledRule }),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

describe('answers about earlier moments', () => {
  it('are those that were given then, at every position and in any order of asking', async () => {
    const property = fc.asyncProperty(
      histories,
      fc.infiniteStream(fc.nat()),
      fc.boolean(),
      async (history, choices, hasSnapshot) => {
        const store = new InMemoryEventStore();
        const snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
        const given: { asOf: AsOf; answers: unknown }[] = [];
        const live = new PlatformView();
        for (const logged of logOf(history)) {
          await write(store, logged);
          const position = await store.lastPosition();
          live.apply({ ...logged, position });
          const asOf = { position, nowMs: Date.parse(logged.at) };
          const rule = { nowMs: asOf.nowMs, stalledAfterMs: STALLED_AFTER_MS };
          given.push({ asOf, answers: structuredClone(await answersFrom(live, rule)) });
          const isMiddle = given.length === Math.ceil(history.length / 2);
          if (hasSnapshot && isMiddle) await snapshots.save(1, { view: live, parked: [] });
        }

        const { asked, stop } = await answersOn(store, snapshots);
        for (const choice of choices.take(12)) {
          const then = given[choice % given.length];
          if (then === undefined) continue;
          const { asOf } = then;
          expect([
            await asked.getJob({ jobId: A_JOB, asOf }),
            await asked.listWorkers({ ...allWorkers, asOf }),
            await asked.listJobs({ ...allJobs, asOf }),
          ]).toEqual(then.answers);
        }
        await stop();
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it('do not know a job that was submitted later', async () => {
    const store = new InMemoryEventStore();
    for (const logged of logOf([])) await write(store, logged);
    const snapshots = new ViewSnapshots(new InMemoryBlobStore(), silentLogger);
    const { asked, stop } = await answersOn(store, snapshots);
    const asOf = { position: 0, nowMs: 0 };
    expect(await asked.getJob({ jobId: A_JOB, asOf })).toEqual({ found: null });
    expect(await asked.listWorkers({ ...allWorkers, asOf })).toEqual({ page: null });
    expect(await asked.listJobs({ ...allJobs, asOf })).toMatchObject({ jobIds: [] });
    await stop();
  });
});
