import { spawn } from 'node:child_process';

/** How long services may take to leave before what they rely on goes, in seconds. */
const GRACE_S = 5;

/**
 * Ends a process when this one is gone, even by SIGKILL: a shell waits for the end of its input,
 * which only this process holds open.
 *
 * @returns ends the guard; call it when the guarded process is gone
 */
export function guardProcess(pid: number): () => void {
  const script = `read _; for i in $(seq ${GRACE_S}); do sleep 1; kill -0 "$1" || exit; done; kill "$1"`;
  const guard = spawn('sh', ['-c', script, 'cortex-guard', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => {}); // Without a shell there is no guard, and all else works.
  guard.stdin.on('error', () => {}); // The guard has ended already.
  guard.unref();
  return () => guard.kill('SIGKILL');
}
