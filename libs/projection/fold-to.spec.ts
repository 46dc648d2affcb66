import { describe, expect, it } from '@jest/globals';
import { InMemoryEventStore } from '#libs/event-store/in-memory/in-memory-event-store.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { batchSucceeded } from '#test/support/batch.builders.ts';
import { A_JOB, aJobSubmitted } from '#test/support/job.builders.ts';
import { entry, ScriptedLog } from '#test/support/scripted-log.ts';
import { InMemoryDocumentStore } from './document-store/in-memory/in-memory-document-store.ts';
import { EndedJobs } from './ended-jobs.ts';
import { foldTo } from './fold-to.ts';
import { nothingFolded, ViewFold } from './view-fold.ts';

const NEVER = new AbortController().signal;

function aFold(): ViewFold {
  const deps = {
    store: new InMemoryEventStore(),
    documents: new InMemoryDocumentStore(),
    logger: silentLogger,
  };
  const ended = new EndedJobs(deps, 1, false);
  return new ViewFold(nothingFolded(), { ended, logger: silentLogger });
}

describe('foldTo', () => {
  it.each([1, 2, 20_000, 49_999])(
    'gets to %d also where nothing stands, and no further',
    async (to) => {
      const log = new ScriptedLog();
      log.add(entry(1, aJobSubmitted()), entry(50_000, batchSucceeded({ index: 0 })));
      const fold = aFold();
      await foldTo(log, fold, to, NEVER);
      expect(fold.view.position).toBe(to);
      expect(fold.view.jobs.get(A_JOB)?.batchCounts.succeeded).toBe(0);
    },
  );
});
