import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { JobView } from '../status/job-view.ts';
import { anyHistory, submitted } from '#test/support/history.builders.ts';
import { BATCH_OUTCOMES, BatchOutcomes } from './batch-outcomes.ts';
import type { BatchEvent } from './batch.events.ts';

const BATCH_EVENTS = new Set([
  'BatchEnqueued',
  'LinesSkipped',
  'JobStarted',
  'BatchSucceeded',
  'BatchFailed',
  'BatchDeadLettered',
]);
const isBatchEvent = (event: { readonly type: string }): event is BatchEvent =>
  BATCH_EVENTS.has(event.type);

describe('outcomes of batches', () => {
  it('add up to the counts of the status document, whatever happened in whatever order', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const outcomes = new BatchOutcomes();
        const view = new JobView(submitted.data, '2026-11-23T00:00:00.000Z');
        for (const { event, at } of history) {
          if (isBatchEvent(event)) {
            outcomes.apply(event);
            view.applyBatchEvent(event, at);
          } else if (event.type === 'JobCompleted') {
            outcomes.end();
            view.applyJobEvent(event, at);
          }
        }
        const counted = Array.from({ length: outcomes.batchCount }, (_, index) =>
          outcomes.outcomeOf(index),
        );
        const countOf = (wanted: string): number => counted.filter((one) => one === wanted).length;
        const { enqueued, deadLettered, ...counts } = view.batchCounts;
        expect(Object.fromEntries(BATCH_OUTCOMES.map((one) => [one, countOf(one)]))).toEqual({
          ...counts,
          dead_lettered: deadLettered,
        });
        expect(outcomes.batchCount).toBe(enqueued);
      }),
    );
  });
});
