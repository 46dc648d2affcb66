import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

/** Names whose guard looks after a process, to find it by when nobody has said its number. */
const MARK = 'CORTEX_GUARD';

/**
 * Reads `0 starting`, `<pid> started` and `<pid> ended`, a line each, and kills the process groups that
 * have not ended when its input does: only the worker holds that open, so it ends with the worker. One
 * that died while it started a process did not live to say its number: for a while, since it may not be
 * there yet, that is looked for by its environment.
 */
const SCRIPT = `
pids=" "
isStarting=
while read -r pid what; do
  case $what in
    starting) isStarting=1 ;;
    started) isStarting=; pids="$pids-$pid " ;;
    ended) isStarting=; pids="\${pids%% -$pid *} \${pids#* -$pid }" ;;
  esac
done
[ "$pids" = " " ] || kill -s KILL -- $pids
[ -n "$isStarting" ] || exit 0
for look in 1 2 3 4 5 6 7 8 9 10; do
  for file in $(grep -lF "${MARK}=$1" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    kill -s KILL -- "-\${pid%/environ}"
  done
  sleep 0.3
done`;

/**
 * Kills process groups when this process is gone, also by SIGKILL and together with whoever
 * supervises it: a shell in a session of its own, which no signal to either of them reaches.
 */
export class ContainerGuard {
  /** For the environment of every process that it is told of. */
  readonly env: Readonly<Record<string, string>>;
  private readonly shell: ChildProcess;

  /** @param label is seen in lists of processes */
  constructor(label: string) {
    const mark = randomUUID();
    this.env = { [MARK]: mark };
    this.shell = spawn('/bin/sh', ['-c', SCRIPT, 'cortex-guard', mark, label], {
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.shell.on('error', () => {}); // Without a shell there is no guard, and all else works.
    this.shell.stdin?.on('error', () => {}); // Somebody has killed the guard.
    this.shell.unref();
  }

  /** A process is about to be started; `started` or `ended` follows. */
  starting(): void {
    this.shell.stdin?.write('0 starting\n');
  }

  /** @param pid of a process that leads a group of its own */
  started(pid: number): void {
    this.shell.stdin?.write(`${pid} started\n`);
  }

  /** The group has ended, and its number may come to be another's; 0: there is no process after all. */
  ended(pid: number): void {
    this.shell.stdin?.write(`${pid} ended\n`);
  }

  /** Ends the guard; call it when every group has ended. */
  release(): void {
    this.shell.stdin?.destroy();
    this.shell.kill('SIGKILL');
  }
}
