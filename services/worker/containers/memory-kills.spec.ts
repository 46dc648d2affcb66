import { describe, expect, it } from '@jest/globals';
import { MemoryKills } from './memory-kills.ts';

describe('kills for want of memory', () => {
  it('are late news after two looks', () => {
    let count: number | null = 7;
    const kills = new MemoryKills(() => count);
    expect(kills.haveHappenedLately).toBe(false);
    count = 8;
    expect(kills.haveHappenedLately).toBe(true);
    kills.look();
    expect(kills.haveHappenedLately).toBe(true);
    kills.look();
    expect(kills.haveHappenedLately).toBe(false);
  });

  it('are not known of where the system does not say', () => {
    const kills = new MemoryKills(() => null);
    kills.look();
    expect(kills.haveHappenedLately).toBe(false);
  });
});
