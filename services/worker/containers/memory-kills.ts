import { readFileSync } from 'node:fs';

/**
 * Whether the kernel has killed a process of this machine for want of memory lately: since the look
 * before the last one, so that what it did just before a look is not forgotten by that look.
 */
export class MemoryKills {
  private lastCount: number | null;
  private countBefore: number | null;

  constructor(private readonly count: () => number | null = memoryKillCount) {
    this.lastCount = count();
    this.countBefore = this.lastCount;
  }

  look(): void {
    this.countBefore = this.lastCount;
    this.lastCount = this.count();
  }

  get haveHappenedLately(): boolean {
    const now = this.count();
    return now !== null && this.countBefore !== null && now > this.countBefore;
  }
}

/**
 * How many processes the kernel has killed for want of memory since it started; `null` where the
 * system does not say (anything but Linux).
 */
export function memoryKillCount(): number | null {
  try {
    const match = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'));
    return match === null ? null : Number(match[1]);
  } catch {
    return null;
  }
}
