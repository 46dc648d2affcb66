import { existsSync, readFileSync } from 'node:fs';
import { commandLineOf } from './process-table.ts';
import { StartError } from './start-error.ts';
import { waitUntil } from './wait-until.ts';

const STALE_STOP_MS_MAX = 10_000;

export interface StaleProcess {
  readonly name: string;
  /** Where the process has written its pid. */
  readonly pidFile: string;
  /** Part of its command line, and of no other's. */
  readonly mark: string;
}

/**
 * Ends a process that an earlier run on this data directory left behind. Call it only while holding
 * the directory's lock: then nobody uses that process any more.
 *
 * @throws StartError when it does not end
 */
export async function stopStaleProcess(
  { name, pidFile, mark }: StaleProcess,
  dataDir: string,
  say: (line: string) => void,
): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const isOurs = (): boolean => commandLineOf(pid)?.includes(mark) ?? false;
  if (!Number.isInteger(pid) || !isOurs()) return;
  say(`Stopping the ${name} (process ${pid}) that an earlier run left on ${dataDir}`);
  process.kill(pid, 'SIGTERM');
  if (await waitUntil(async () => !isOurs(), { timeoutMs: STALE_STOP_MS_MAX })) return;
  throw new StartError(`It does not stop. End process ${pid} (kill ${pid}) and start again.`);
}
