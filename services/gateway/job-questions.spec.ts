import { describe, expect, it } from '@jest/globals';
import { jobId } from '#libs/domain/kernel/ids.ts';
import type { GetJobsQuery } from '#libs/messaging/queries.ts';
import { until } from '#test/support/until.ts';
import { JobQuestions } from './job-questions.ts';
import type { JobAnswer } from './known-jobs.ts';

const NOT_FOUND: JobAnswer = { found: null, apiAtEndpoint: null };
const at = (id: string, endpoint: string | null = null) => ({ jobId: jobId(id), endpoint });

/** Answers when it is told to. */
class Projector {
  readonly asked: { readonly query: GetJobsQuery; readonly answer: (count?: number) => void }[] =
    [];

  readonly send = (query: GetJobsQuery): Promise<readonly JobAnswer[]> =>
    new Promise((resolve) => {
      const answer = (count = query.jobs.length): void =>
        resolve(query.jobs.slice(0, count).map(() => NOT_FOUND));
      this.asked.push({ query, answer });
    });

  get jobsAsked(): readonly (readonly string[])[] {
    return this.asked.map(({ query }) => query.jobs.map((job) => job.jobId));
  }

  async untilAsked(count: number): Promise<void> {
    await until(`message ${count}`, () => this.asked.length >= count);
  }
}

describe('questions about jobs', () => {
  it('that come together go together, and the same one once', async () => {
    const projector = new Projector();
    const questions = new JobQuestions(projector.send);
    const answers = [at('a'), at('b'), at('a'), at('a', '/sum')].map((job) => questions.ask(job));
    await projector.untilAsked(1);
    projector.asked[0]?.answer();
    expect(await Promise.all(answers)).toEqual([NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND]);
    expect(projector.asked.map(({ query }) => query.jobs)).toEqual([
      [at('a'), at('b'), at('a', '/sum')],
    ]);
  });

  it('are never answered with what was asked for before them', async () => {
    const projector = new Projector();
    const questions = new JobQuestions(projector.send);
    const first = questions.ask(at('a'));
    await projector.untilAsked(1);
    const second = questions.ask(at('a'));
    projector.asked[0]?.answer();
    await first;
    await projector.untilAsked(2);
    projector.asked[1]?.answer();
    await second;
    expect(projector.jobsAsked).toEqual([['a'], ['a']]);
  });

  it('do not wait for an answer that is slow', async () => {
    const projector = new Projector();
    const questions = new JobQuestions(projector.send);
    const slow = questions.ask(at('a'));
    await projector.untilAsked(1);
    const quick = questions.ask(at('b'));
    await projector.untilAsked(2);
    projector.asked[1]?.answer();
    expect(await quick).toEqual(NOT_FOUND);
    projector.asked[0]?.answer();
    await slow;
  });

  it('are asked again when their answers did not fit', async () => {
    const projector = new Projector();
    const questions = new JobQuestions(projector.send);
    const answers = ['a', 'b', 'c'].map((id) => questions.ask(at(id)));
    for (const message of [1, 2, 3]) {
      await projector.untilAsked(message);
      projector.asked[message - 1]?.answer(1);
    }
    await Promise.all(answers);
    expect(projector.jobsAsked).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']]);
  });

  it('fail when nobody answers, and also when nothing is said in an answer', async () => {
    const unanswered = new JobQuestions(() => Promise.reject(new Error('nobody listens')));
    await expect(unanswered.ask(at('a'))).rejects.toThrow('nobody listens');
    const empty = new JobQuestions(() => Promise.resolve([]));
    await expect(empty.ask(at('a'))).rejects.toThrow('none of the questions was answered');
    await expect(empty.ask(at('a'))).rejects.toThrow('none of the questions was answered');
  });

  it('are at most a hundred in a message', async () => {
    const projector = new Projector();
    const questions = new JobQuestions(projector.send);
    const answers = Array.from({ length: 250 }, (_, number) => questions.ask(at(String(number))));
    await projector.untilAsked(3);
    for (const { answer } of projector.asked) answer();
    await Promise.all(answers);
    expect(projector.jobsAsked.map((jobs) => jobs.length)).toEqual([100, 100, 50]);
  });
});
