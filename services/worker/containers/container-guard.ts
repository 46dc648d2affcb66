import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads `<pid> started` and `<pid> ended`, a line each, and kills the process groups that have not
 * ended when its input does: only the worker holds that open, so it ends with the worker.
 */
const SCRIPT = `
pids=" "
while read -r pid what; do
  case $what in
    started) pids="$pids-$pid " ;;
    ended) pids="\${pids%% -$pid *} \${pids#* -$pid }" ;;
  esac
done
[ "$pids" = " " ] || kill -s KILL -- $pids`;

/**
 * Kills process groups when this process is gone, also by SIGKILL and together with whoever
 * supervises it: a shell in a session of its own, which no signal to either of them reaches.
 */
export class ContainerGuard {
  private readonly shell: ChildProcess;

  /** @param label is seen in lists of processes */
  constructor(label: string) {
    this.shell = spawn('/bin/sh', ['-c', SCRIPT, 'cortex-guard', label], {
      detached: true,
      env: {},
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.shell.on('error', () => {}); // Without a shell there is no guard, and all else works.
    this.shell.stdin?.on('error', () => {}); // Somebody has killed the guard.
    this.shell.unref();
  }

  /** @param pid of a process that leads a group of its own */
  started(pid: number): void {
    this.shell.stdin?.write(`${pid} started\n`);
  }

  /** The group has ended, and its number may come to be another's. */
  ended(pid: number): void {
    this.shell.stdin?.write(`${pid} ended\n`);
  }

  /** Ends the guard; call it when every group has ended. */
  release(): void {
    this.shell.stdin?.destroy();
    this.shell.kill('SIGKILL');
  }
}
