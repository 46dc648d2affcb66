import { execFileSync } from 'node:child_process';

/**
 * The interpreter itself. Where versions of Python are managed `python3` is a script that looks for it at
 * each start, and takes ten times as long as it.
 */
export function pythonProgram(): string {
  const script = 'import sys; print(sys.executable)';
  return execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim();
}
