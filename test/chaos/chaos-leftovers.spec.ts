import { describe, expect, it } from '@jest/globals';
import { untilNothing } from './chaos-leftovers.ts';

describe('looking for what a run leaves behind', () => {
  it('goes on until nothing is left', async () => {
    const seen = [['a queue left'], new Error('away'), []];
    const look = async (): Promise<readonly string[]> => {
      const next = seen.shift();
      if (next instanceof Error) throw next;
      return next ?? ['looked once more'];
    };
    expect(await untilNothing(look)).toEqual([]);
  });

  it('says what is left in the end', async () => {
    expect(await untilNothing(async () => ['a queue left'], 30)).toEqual(['a queue left']);
  });

  it('does not take a look that fails for one that finds nothing', async () => {
    const left = await untilNothing(() => Promise.reject(new Error('away')), 30);
    expect(left).toEqual([expect.stringContaining('cannot look for leftovers: Error: away')]);
  });
});
