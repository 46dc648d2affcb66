import { afterEach, describe, expect, it } from '@jest/globals';
import { apiName, jobId } from '#libs/domain/kernel/ids.ts';
import { silentLogger } from '#libs/platform/logger.ts';
import { until } from '#test/support/until.ts';
import { QueueWatch } from './queue-watch.ts';

type Sight = 'there' | 'gone' | 'unreachable';

describe('watching a queue', () => {
  let watch: QueueWatch | null = null;
  afterEach(() => watch?.close());

  /** Watches until the sights are used up; the last one goes on. */
  const lossesAfter = async (...sights: Sight[]): Promise<number> => {
    let looks = 0;
    let losses = 0;
    const exists = (): Promise<boolean> => {
      const sight = sights[looks++] ?? sights.at(-1);
      return sight === 'unreachable'
        ? Promise.reject(new Error('away'))
        : Promise.resolve(sight === 'there');
    };
    watch = new QueueWatch(
      { exists },
      {
        key: { apiName: apiName('sum'), jobId: jobId('00000000000000aa') },
        intervalMs: 1,
        logger: silentLogger,
        onLost: () => (losses += 1),
      },
    );
    await until('the looks', () => looks > sights.length || losses > 0);
    return losses;
  };

  it('tells once that it is gone', async () => {
    expect(await lossesAfter('there', 'there', 'gone', 'gone', 'gone')).toBe(1);
  });

  it('does not believe one look', async () => {
    expect(await lossesAfter('there', 'gone', 'there', 'gone', 'there')).toBe(0);
  });

  it('takes a queue that does not answer for one that is there', async () => {
    expect(await lossesAfter('there', 'unreachable', 'unreachable', 'unreachable')).toBe(0);
  });
});
