import cliProgress from 'cli-progress';
import type { JobStatus } from '#libs/client/gateway-documents.ts';
import { BatchRate } from './batch-rate.ts';
import { knownBatchCount, settledCount, statusWords, workersInWords } from './job-wording.ts';
import type { Terminal } from './terminal.ts';
import { wholeDuration } from './time-format.ts';

/** Shows how far a job is. */
export interface Progress {
  show(job: JobStatus, nowMs: number): void;
  /** Leaves what was shown last and moves on to the next line. */
  end(): void;
}

/** A bar where a person watches, and lines that logs can keep elsewhere. */
export const createProgress = (terminal: Terminal): Progress =>
  terminal.isInteractive ? new BarProgress(terminal.stderr) : new LineProgress(terminal);

class BarProgress implements Progress {
  private readonly rate = new BatchRate();
  private readonly bar: cliProgress.SingleBar;

  constructor(stream: NodeJS.WritableStream) {
    this.bar = new cliProgress.SingleBar({
      stream,
      format: '{status} [{bar}] {value}/{total} batches{facts}',
      barsize: 24,
      hideCursor: true,
      emptyOnZero: true,
      gracefulExit: false,
    });
    this.bar.start(0, 0, { status: 'pending', facts: '' });
  }

  show(job: JobStatus, nowMs: number): void {
    const settled = settledCount(job);
    this.rate.add(nowMs, settled);
    const elapsed = wholeDuration(nowMs - Date.parse(job.created_time));
    const facts = [...factsOf(job, this.rate.perSecond), elapsed].map((fact) => ` | ${fact}`);
    this.bar.setTotal(knownBatchCount(job));
    this.bar.update(settled, { status: statusWords(job.status), facts: facts.join('') });
  }

  end(): void {
    this.bar.stop();
  }
}

const LINE_INTERVAL_MS = 1000;

/** One line for each change, at most one a second. */
export class LineProgress implements Progress {
  private readonly rate = new BatchRate();
  private shownKey = '';
  private shownAtMs = -Infinity;
  private readonly terminal: Pick<Terminal, 'note'>;

  constructor(terminal: Pick<Terminal, 'note'>) {
    this.terminal = terminal;
  }

  show(job: JobStatus, nowMs: number): void {
    this.rate.add(nowMs, settledCount(job));
    const key = progressLine(job, 0); // The rate changes all the time: no reason for a line.
    if (key === this.shownKey || nowMs - this.shownAtMs < LINE_INTERVAL_MS) return;
    this.shownKey = key;
    this.shownAtMs = nowMs;
    this.terminal.note(progressLine(job, this.rate.perSecond));
  }

  end(): void {
    this.shownKey = '';
  }
}

/** E.g. `running: 62/161 batches | 31/s | 2 failed attempts | workers: 4 running`. */
export function progressLine(job: JobStatus, perSecond: number): string {
  const batches = `${settledCount(job)}/${knownBatchCount(job)} batches`;
  return `${statusWords(job.status)}: ${[batches, ...factsOf(job, perSecond)].join(' | ')}`;
}

function factsOf(job: JobStatus, perSecond: number): string[] {
  const { failed } = job.batch_metrics;
  const workers = job.worker_counts === undefined ? '' : workersInWords(job.worker_counts);
  return [
    ...(perSecond > 0 ? [`${perSecond < 10 ? perSecond.toFixed(1) : perSecond.toFixed(0)}/s`] : []),
    ...(failed > 0 ? [`${failed} failed attempt${failed === 1 ? '' : 's'}`] : []),
    ...(workers === '' ? [] : [`workers: ${workers}`]),
  ];
}
