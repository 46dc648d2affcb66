import { readFileSync } from 'node:fs';

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
