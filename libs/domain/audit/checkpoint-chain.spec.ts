import { describe, expect, it } from '@jest/globals';
import type { Checkpoint } from './audit.events.ts';
import { chainProblem } from './checkpoint-chain.ts';

const first: Checkpoint = {
  firstPosition: 1,
  position: 9,
  eventCount: 8,
  sha256: 'aa',
  previousSha256: null,
};
const second: Checkpoint = {
  firstPosition: 11,
  position: 12,
  eventCount: 2,
  sha256: 'bb',
  previousSha256: 'aa',
};

describe('a chain of checkpoints', () => {
  it('begins with one that names none before it', () => {
    expect(chainProblem(null, first)).toBeNull();
    expect(chainProblem(null, second)).toMatch(/there is none/);
  });

  it('goes on with one that names the one before it', () => {
    expect(chainProblem(first, second)).toBeNull();
    expect(chainProblem(first, { ...second, previousSha256: 'ab' })).toMatch(/another/);
    expect(chainProblem(first, { ...second, previousSha256: null })).toMatch(/another/);
  });

  it('covers each event once', () => {
    expect(chainProblem(first, { ...second, firstPosition: 9 })).toMatch(/covers events that/);
    expect(chainProblem(first, { ...second, position: 10 })).toBe('it covers nothing');
  });
});
