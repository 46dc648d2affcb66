import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly commandLine: string;
}

/** Running processes that have `marker` in their command line, environment or working directory. */
export function processesWith(marker: string): readonly RunningProcess[] {
  const found = existsSync('/proc/self/environ') ? scanProc(marker) : scanPs(marker);
  return found.filter(({ pid }) => pid !== process.pid);
}

function scanProc(marker: string): RunningProcess[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const commandLine = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
        // A process that has ended and waits to be collected has no command line.
        if (commandLine === '') return [];
        const environment = readFileSync(`/proc/${entry}/environ`, 'utf8');
        const facts = [commandLine, environment, readlinkSync(`/proc/${entry}/cwd`)];
        const isMarked = facts.some((fact) => fact.includes(marker));
        if (!isMarked) return [];
        const pid = Number(entry);
        return [{ pid, parentPid: parentOf(pid), commandLine: commandLine.trim() }];
      } catch {
        return []; // It ended while we looked, or it is another user's.
      }
    });
}

/** Fields of `stat` after the name, which is in brackets and may hold anything: state, parent, ... */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** Without /proc only the command line and, of our own processes, the environment can be seen. */
function scanPs(marker: string): RunningProcess[] {
  return execFileSync('ps', ['-Eaxww', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(marker))
    .map((line) => {
      const [pid, parentPid, ...command] = line.trim().split(/ +/);
      return { pid: Number(pid), parentPid: Number(parentPid), commandLine: command.join(' ') };
    });
}
