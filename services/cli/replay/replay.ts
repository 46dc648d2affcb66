import type { Command } from 'commander';
import { pause } from '#libs/platform/pause.ts';
import { type Cli, commonOptions, examples, UsageError } from '../cli.ts';
import { eventDetails, eventName } from '../event-wording.ts';
import { recordedEvents } from '../job-event-pages.ts';
import { jobOfApi } from '../job-of-api.ts';
import { outcomeLines } from '../job-wording.ts';
import { onOneLine } from '../json-text.ts';
import { createProgress, type Progress } from '../progress.ts';
import { readEvent, type ReplayedEvent, ReplayedJob } from './replayed-job.ts';

/** A person sees no more changes than these, and each costs a status document. */
const SHOW_INTERVAL_MS = 50;
/** What a timer can take. */
const WAIT_MS_MAX = 2_147_483_647;
/** Events of single batches are what the progress counts. */
const NOT_TOLD = new Set(['BatchEnqueued', 'BatchSucceeded', 'BatchFailed', 'BatchDeadLettered']);

export function addReplayCommand(program: Command, cli: Cli): void {
  program
    .command('replay')
    .description("Show a job's life as it happened, from the log.")
    .argument('<api>', 'name of an API')
    .argument('<job>', 'id of a job of that API')
    .option('--speed <factor>', 'how fast: 10x, 0.5x, or max for no waiting', '1x')
    .addHelpText('after', examples('cortex replay hello-world 69b183ed6bdf3e9b --speed 10x'))
    .action(function (this: Command, api: string, job: string) {
      const { speed } = this.opts<{ readonly speed: string }>();
      return replay(cli, this, { api, job, speed: speedOf(speed) });
    });
}

/** @throws UsageError */
function speedOf(text: string): number {
  if (text === 'max') return Infinity;
  const speed = /^\d+(\.\d+)?x?$/.test(text) ? Number.parseFloat(text) : 0;
  if (speed > 0) return speed;
  throw new UsageError(`--speed takes a factor like 10x, or max (got ${text})`);
}

interface Replay {
  readonly api: string;
  readonly job: string;
  readonly speed: number;
}

/** As JSON, each event is a line, at its time. */
async function replay(cli: Cli, command: Command, { api, job, speed }: Replay): Promise<void> {
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  await jobOfApi(client, { command: 'replay', api, job });
  const pace = new Pace(speed);
  const screen = output === 'json' ? null : new Screen(cli, job);
  try {
    for await (const json of recordedEvents(client, job, {})) {
      const event = readEvent(json);
      await pace.until(event.atMs);
      if (screen === null) cli.terminal.print(onOneLine(json));
      else screen.take(event);
    }
  } finally {
    screen?.end();
  }
}

/** Waits as long as it took, divided by the speed. */
class Pace {
  private readonly speed: number;
  private start: { readonly atMs: number; readonly realMs: number } | null = null;

  constructor(speed: number) {
    this.speed = speed;
  }

  async until(atMs: number): Promise<void> {
    const realMs = performance.now();
    this.start ??= { atMs, realMs };
    const dueMs = this.start.realMs + (atMs - this.start.atMs) / this.speed;
    if (dueMs > realMs) await pause(Math.min(dueMs - realMs, WAIT_MS_MAX));
  }
}

/** The job's progress, and a line for each thing that is told. */
class Screen {
  private readonly job = new ReplayedJob();
  private readonly progress: Progress;
  private readonly cli: Cli;
  private readonly jobId: string;
  private startMs: number | null = null;
  private lastMs = 0;
  private shownAtMs = -Infinity;

  constructor(cli: Cli, jobId: string) {
    this.cli = cli;
    this.jobId = jobId;
    this.progress = createProgress(cli.terminal);
  }

  take(event: ReplayedEvent): void {
    this.job.apply(event);
    this.startMs ??= event.atMs;
    this.lastMs = Math.max(this.lastMs, event.atMs);
    const name = eventName(event.sent);
    if (!NOT_TOLD.has(name)) {
      const seconds = ((event.atMs - this.startMs) / 1000).toFixed(3);
      this.cli.terminal.print(`+${seconds}s  ${name}  ${eventDetails(event.sent)}`.trimEnd());
    }
    const realMs = performance.now();
    if (realMs - this.shownAtMs < SHOW_INTERVAL_MS) return;
    this.shownAtMs = realMs;
    this.show();
  }

  end(): void {
    this.show();
    this.progress.end();
    const status = this.job.status(this.jobId, this.lastMs);
    if (status?.end_time !== undefined) this.cli.terminal.print(outcomeLines(status).join('\n'));
  }

  private show(): void {
    const status = this.job.status(this.jobId, this.lastMs);
    if (status !== null) this.progress.show(status, this.lastMs);
  }
}
