import { describe, expect, it } from '@jest/globals';
import { JobNotFound } from '../job/job.rejections.ts';
import { invariant, Rejection, unreachable } from './errors.ts';

describe('a rejection', () => {
  it('has the name of its class and a code', () => {
    const rejection = new JobNotFound('no job x');
    expect(rejection).toBeInstanceOf(Rejection);
    expect(rejection).toMatchObject({ name: 'JobNotFound', code: 'job.not_found' });
  });
});

describe('an invariant', () => {
  it('says which one is broken', () => {
    expect(() => invariant(false, 'counts add up')).toThrow('Invariant broken: counts add up');
  });
  it('says nothing when it holds', () => {
    expect(() => invariant(true, 'counts add up')).not.toThrow();
  });
});

describe('unreachable code', () => {
  it('names what was not expected when it is reached', () => {
    expect(() => unreachable({ type: 'Unheard' } as never)).toThrow('{"type":"Unheard"}');
  });
});
