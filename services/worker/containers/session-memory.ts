import { readdirSync, readFileSync } from 'node:fs';

/**
 * Processes of a session, by their ids: a container's first process leads one, and what it starts
 * stays in it unless it takes pains not to. Empty where the system does not say (anything but Linux).
 */
export function processesOfSession(session: number): number[] {
  return namesIn('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && sessionOf(pid) === session);
}

/** Resident memory, in bytes; pages that processes share are counted for each of them. */
export const residentBytes = (pids: readonly number[]): number =>
  sumOf(pids, (pid) => kilobytesIn(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/m));

/** Resident memory, in bytes, with shared pages counted once. Costs more the more there is of it. */
export const proportionalBytes = (pids: readonly number[]): number =>
  sumOf(
    pids,
    (pid) =>
      kilobytesIn(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m) ??
      kilobytesIn(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/m),
  );

const sumOf = (pids: readonly number[], kilobytesOf: (pid: number) => number | null): number =>
  pids.reduce((sum, pid) => sum + (kilobytesOf(pid) ?? 0) * 1024, 0);

/** Fields of `stat` after the name, which is in brackets and may hold anything: state, parent, group, session. */
function sessionOf(pid: number): number | null {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat === null ? null : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

function kilobytesIn(file: string, pattern: RegExp): number | null {
  const match = pattern.exec(textOf(file) ?? '');
  return match === null ? null : Number(match[1]);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** `null` when the process has ended meanwhile. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
