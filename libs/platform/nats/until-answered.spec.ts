import { describe, expect, it } from '@jest/globals';
import { errors } from '@nats-io/transport-node';
import { untilAnswered } from './until-answered.ts';

describe('untilAnswered', () => {
  it('asks again when there was no answer', async () => {
    let askCount = 0;
    const answer = await untilAnswered(async () => {
      if (++askCount < 3) throw new errors.TimeoutError();
      return 'answer';
    });
    expect({ answer, askCount }).toEqual({ answer: 'answer', askCount: 3 });
  });

  it('passes on at once what the server says', async () => {
    const refusal = new Error('no');
    await expect(untilAnswered(() => Promise.reject(refusal))).rejects.toBe(refusal);
  });

  it('gives up when its patience is at an end', async () => {
    const silence = new errors.TimeoutError();
    await expect(untilAnswered(() => Promise.reject(silence), 20)).rejects.toBe(silence);
  });
});
