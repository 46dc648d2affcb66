import type { GetJobsQuery, JobAtQuery } from '#libs/messaging/queries.ts';
import type { JobAnswer } from './known-jobs.ts';

/** So many documents of usual size fit one NATS message. */
const QUESTIONS_MAX = 100;
/**
 * Longest time that a question waits for the answer to those before it. Measured: with as little as
 * this the messages are full enough, and what asks and what answers work at the same time.
 */
const HOLD_MS_MAX = 2;

interface Waiting {
  readonly question: JobAtQuery;
  readonly answer: PromiseWithResolvers<JobAnswer>;
}

/**
 * Asks together what is asked at the same time, and the same question once.
 *
 * A question that comes while others are on their way is not answered with theirs, which may have
 * been given already: it waits until they are answered, and goes with all that came meanwhile. So
 * every answer has seen what was recorded before its question, and the busier the gateway is the
 * more questions share a message. A projector that is slow does not hold up what another could answer.
 */
export class JobQuestions {
  private readonly waiting = new Map<string, Waiting>();
  private inFlightCount = 0;
  private timer: NodeJS.Timeout | null = null;
  private nextTurn: NodeJS.Immediate | null = null;

  constructor(private readonly send: (query: GetJobsQuery) => Promise<readonly JobAnswer[]>) {}

  /** Rejects as `send` does. */
  ask(question: JobAtQuery): Promise<JobAnswer> {
    const key = `${question.endpoint}\n${question.jobId}`; // No path has a line break in it.
    const same = this.waiting.get(key);
    if (same !== undefined) return same.answer.promise;
    const answer = Promise.withResolvers<JobAnswer>();
    this.waiting.set(key, { question, answer });
    // What has arrived together with it goes with it.
    if (this.inFlightCount === 0) this.nextTurn ??= setImmediate(() => this.sendWaiting());
    else this.timer ??= setTimeout(() => this.sendWaiting(), HOLD_MS_MAX);
    return answer.promise;
  }

  private sendWaiting(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.nextTurn !== null) clearImmediate(this.nextTurn);
    this.nextTurn = null;
    while (this.waiting.size > 0) {
      const group = [...this.waiting].slice(0, QUESTIONS_MAX);
      for (const [key] of group) this.waiting.delete(key);
      void this.askTogether(group.map(([, each]) => each));
    }
  }

  private async askTogether(group: readonly Waiting[]): Promise<void> {
    this.inFlightCount += 1;
    try {
      for (let left = group; left.length > 0;) {
        const answers = await this.send({ jobs: left.map(({ question }) => question) });
        if (answers.length === 0) throw new Error('none of the questions was answered');
        for (const [place, answer] of answers.entries()) left[place]?.answer.resolve(answer);
        left = left.slice(answers.length);
      }
    } catch (error) {
      for (const { answer } of group) answer.reject(error); // Those that are answered stay so.
    }
    this.inFlightCount -= 1;
    this.sendWaiting();
  }
}
