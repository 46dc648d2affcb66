import { processesOfSession, proportionalBytes, residentBytes } from './session-memory.ts';

/** A process that fills memory at 1 GB/s gets 200 MB further before this is seen. */
const LOOK_MS = 200;
/**
 * Looking for processes that were started costs a look at each process of the machine; what one of
 * them uses is seen 2 s after its start, or when the others are over the limit without it.
 */
const LOOKS_PER_SEARCH = 10;

export interface MemoryWatchOptions {
  /** Process that leads the session that is watched. */
  readonly pid: number;
  readonly limitBytes: number;
  /** Called at most once, with what is in use and by whom. */
  onExceeded(usedBytes: number, pids: readonly number[]): void;
}

/**
 * Watches the memory of a process and all that it starts. Looking is all that works without
 * privileges everywhere; between two looks a limit can be exceeded.
 */
export class MemoryWatch {
  private readonly timer: NodeJS.Timeout;
  private pids: readonly number[];
  private lookCount = 0;

  constructor(private readonly options: MemoryWatchOptions) {
    this.pids = [options.pid];
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const { pid, limitBytes } = this.options;
    if (this.lookCount++ % LOOKS_PER_SEARCH === 0) this.pids = processesOfSession(pid);
    // Forked processes share most of their pages, so the sum is only the cheap part of the answer.
    if (residentBytes(this.pids) <= limitBytes) return;
    this.pids = processesOfSession(pid); // Some have ended, and their ids may be others' by now.
    const usedBytes = proportionalBytes(this.pids);
    if (usedBytes <= limitBytes) return;
    this.close();
    this.options.onExceeded(usedBytes, this.pids);
  }
}
