import { beforeEach, describe, expect, it } from '@jest/globals';
import { CoalescedCall } from './coalesced-call.ts';

/** A question that is answered when the test says so. */
class HeldQuestion {
  private readonly asked: { answer(value: string): void; refuse(error: Error): void }[] = [];

  readonly ask = (): Promise<string> =>
    new Promise((resolve, reject) => this.asked.push({ answer: resolve, refuse: reject }));

  get askedCount(): number {
    return this.asked.length;
  }

  /** The `nth` asking, from 0. */
  nth(nth: number): { answer(value: string): void; refuse(error: Error): void } {
    const asked = this.asked[nth];
    if (asked === undefined) throw new Error(`asked ${this.askedCount} times only`);
    return asked;
  }
}

describe('CoalescedCall', () => {
  let question: HeldQuestion;
  let call: CoalescedCall<string>;

  beforeEach(() => {
    question = new HeldQuestion();
    call = new CoalescedCall(question.ask);
  });

  it('asks at once when nobody else is asking', async () => {
    const answer = call.run();
    expect(question.askedCount).toBe(1);
    question.nth(0).answer('a');
    expect(await answer).toBe('a');
  });

  it('asks anew for every caller that comes after the answer', async () => {
    for (const value of ['a', 'b', 'c']) {
      const answer = call.run();
      question.nth(question.askedCount - 1).answer(value);
      expect(await answer).toBe(value);
    }
    expect(question.askedCount).toBe(3);
  });

  it('gives nobody an answer that was asked for before they came', async () => {
    const early = call.run();
    const late = call.run();
    question.nth(0).answer('old');
    expect(await early).toBe('old');
    expect(question.askedCount).toBe(2);
    question.nth(1).answer('new');
    expect(await late).toBe('new');
  });

  it('asks once for all who come while it is being asked', async () => {
    const first = call.run();
    const waiting = Array.from({ length: 100 }, () => call.run());
    question.nth(0).answer('a');
    await first;
    question.nth(1).answer('b');
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['b']));
    expect(question.askedCount).toBe(2);
  });

  it('keeps those apart who come while the shared question is asked', async () => {
    const first = call.run();
    const second = call.run();
    question.nth(0).answer('a');
    await first;
    const third = call.run();
    expect(question.askedCount).toBe(2);
    question.nth(1).answer('b');
    expect(await second).toBe('b');
    question.nth(2).answer('c');
    expect(await third).toBe('c');
  });

  it('hands a failure to those who shared the question and to nobody else', async () => {
    const first = call.run();
    const sharing = [call.run(), call.run()];
    question.nth(0).refuse(new Error('unreachable'));
    await expect(first).rejects.toThrow('unreachable');
    question.nth(1).refuse(new Error('still unreachable'));
    const outcomes = await Promise.allSettled(sharing);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);

    const next = call.run();
    question.nth(2).answer('back');
    expect(await next).toBe('back');
  });
});
