import { setTimeout as pause } from 'node:timers/promises';
import type { HttpAnswer } from '#test/support/platform-client.ts';
import type { PlannedJob } from './chaos-plan.ts';
import type { ChaosPlatform } from './chaos-platform.ts';
import type { LogWatch } from './log-watch.ts';

export const ITEMS_PER_BATCH = 2;
const DEAD_LETTER_ARN = 'arn:aws:sqs:us-east-1:000000000000:chaos';
/** So many jobs are under way at a time: enough to fill every slot, and to keep submitting to the end. */
const OPEN_JOBS_MAX = 32;
const POLL_MS = 20;
const RETRY_MS = 100;

export interface SubmittedJob {
  readonly plan: PlannedJob;
  readonly jobId: string;
}

/** A client that says everything again until it is answered, with the same `Idempotency-Key`. */
export class Submitter {
  readonly submitted: SubmittedJob[] = [];
  retryCount = 0;
  private readonly stops: Promise<void>[] = [];

  constructor(
    private readonly platform: ChaosPlatform,
    private readonly watch: LogWatch,
  ) {}

  async run(jobs: readonly PlannedJob[], signal: AbortSignal): Promise<void> {
    for (const plan of jobs) {
      while (this.submitted.length - this.watch.endedCount >= OPEN_JOBS_MAX)
        await pause(POLL_MS, null, { signal });
      const jobId = await this.submit(plan, signal);
      this.submitted.push({ plan, jobId });
      if (plan.stop === null) continue;
      const stopped = this.stopLater(plan, jobId, signal);
      stopped.catch(() => {}); // It is awaited below, unless this run is given up before.
      this.stops.push(stopped);
    }
    await Promise.all(this.stops);
  }

  private async submit(plan: PlannedJob, signal: AbortSignal): Promise<string> {
    const question = {
      method: 'POST',
      body: JSON.stringify(submissionOf(plan)),
      headers: { 'idempotency-key': plan.name },
    } as const;
    const { text } = await this.untilAnswered(
      () => this.platform.ask(apiPath(plan), question),
      signal,
    );
    return (JSON.parse(text) as { job_id: string }).job_id;
  }

  private async stopLater(plan: PlannedJob, jobId: string, signal: AbortSignal): Promise<void> {
    if (plan.stop?.after === 'start') {
      while ((this.watch.job(jobId)?.startedAt ?? null) === null)
        await pause(POLL_MS, null, { signal });
    }
    await pause(plan.stop?.delayMs ?? 0, null, { signal });
    const path = `${apiPath(plan)}?jobID=${jobId}`;
    await this.untilAnswered(async () => {
      const answer = await this.platform.ask(path, { method: 'DELETE' });
      // An answer was lost, and the job ended meanwhile: it was stopped, as the log will show.
      return answer.status === 409 ? { ...answer, status: 200 } : answer;
    }, signal);
  }

  private async untilAnswered(
    ask: () => Promise<HttpAnswer>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    for (;;) {
      const answer = await ask().catch(() => null); // Nobody there: it is being killed.
      if (answer !== null && answer.status < 300) return answer;
      if (answer !== null && answer.status < 500)
        throw new Error(`the gateway refused: ${answer.status} ${answer.text}`);
      this.retryCount += 1;
      await pause(RETRY_MS, null, { signal });
    }
  }
}

const apiPath = ({ kind }: PlannedJob): string => (kind === 'broken' ? '/broken' : '/chaos');

function submissionOf(plan: PlannedJob): object {
  const { workers, timeoutS, receiveCountMax } = plan;
  return {
    workers,
    item_list: { items: itemsOf(plan), batch_size: ITEMS_PER_BATCH },
    ...(timeoutS !== null && { timeout: timeoutS }),
    ...(receiveCountMax !== null && {
      sqs_dead_letter_queue: { arn: DEAD_LETTER_ARN, max_receive_count: receiveCountMax },
    }),
  };
}

/** An item is its number; the first of a special batch also says what is special. */
function itemsOf({ batchCount, marks }: PlannedJob): readonly (number | string)[] {
  return Array.from({ length: batchCount * ITEMS_PER_BATCH }, (_, item) => {
    const mark = marks.get(item / ITEMS_PER_BATCH);
    return mark === undefined ? item : `${item}:${mark}`;
  });
}
