import { inspect } from 'node:util';
import type { JobStatus } from '#test/support/platform-client.ts';
import { pythonProgram } from '#test/support/python-program.ts';
import { until } from '#test/support/until.ts';
import { leftoversOf } from './chaos-leftovers.ts';
import type { ChaosPlan } from './chaos-plan.ts';
import { ChaosPlatform, HANDLER } from './chaos-platform.ts';
import { FaultInjector } from './fault-injector.ts';
import { NO_RECORD, readRecords } from './handler-records.ts';
import { problemsOf } from './job-checks.ts';
import { LogWatch } from './log-watch.ts';
import { type SubmittedJob, Submitter } from './submitter.ts';

/** All jobs with all faults; a machine that is busy with other things is slow. */
const RUN_MS_MAX = 600_000;
const DOCUMENT_MS_MAX = 30_000;

export interface ChaosReport {
  readonly seed: number;
  /** Empty when every job ended as it must and nothing is left. */
  readonly problems: readonly string[];
  readonly tookMs: number;
  readonly faultCount: number;
  readonly retryCount: number;
  readonly eventCount: number;
  /** Handler calls beyond the first of each batch. */
  readonly repeatedCallCount: number;
  /** Kept when there are problems. */
  readonly dataDir: string;
}

export interface ChaosProgress {
  readonly submitted: number;
  readonly ended: number;
  readonly faults: number;
}

export interface ChaosOptions {
  readonly onProgress?: (progress: ChaosProgress) => void;
  /** Gives up. What was paused is woken even so: it could not leave by itself. */
  readonly interrupt?: AbortSignal;
}

/** Runs a plan against a platform of its own, checks every job, and leaves nothing behind. */
export async function runChaos(
  plan: ChaosPlan,
  { onProgress = () => {}, interrupt = new AbortController().signal }: ChaosOptions = {},
): Promise<ChaosReport> {
  const startedAt = performance.now();
  const platform = await ChaosPlatform.start();
  const run = new ChaosRun(plan, platform, await LogWatch.start(platform.natsUrl));
  const problems = [...(await run.problems(onProgress, interrupt))];
  const left = await platform.stop();
  problems.push(...left.map(({ pid, commandLine }) => `process left: ${pid} ${commandLine}`));
  if (problems.length === 0) await platform.removeData();
  const tookMs = performance.now() - startedAt;
  return { seed: plan.seed, problems, tookMs, dataDir: platform.dataDir, ...run.figures };
}

class ChaosRun {
  private readonly submitter: Submitter;
  private readonly injector: FaultInjector;
  private repeatedCallCount = 0;

  constructor(
    private readonly plan: ChaosPlan,
    private readonly platform: ChaosPlatform,
    private readonly watch: LogWatch,
  ) {
    this.submitter = new Submitter(platform, watch);
    this.injector = new FaultInjector(platform, () => watch.endedCount);
  }

  get figures() {
    return {
      faultCount: this.injector.injected.filter(({ pid }) => pid !== null).length,
      retryCount: this.submitter.retryCount,
      eventCount: this.watch.view.position,
      repeatedCallCount: this.repeatedCallCount,
    };
  }

  async problems(
    onProgress: (progress: ChaosProgress) => void,
    interrupt: AbortSignal,
  ): Promise<readonly string[]> {
    const telling = setInterval(() => onProgress(this.progress), 1000);
    try {
      await this.deploy();
      await this.wreakHavoc(interrupt);
      return await this.check();
    } catch (error) {
      return [`the run broke: ${inspect(error)}`];
    } finally {
      clearInterval(telling);
      onProgress(this.progress);
      await this.watch.stop();
    }
  }

  private get progress(): ChaosProgress {
    return {
      submitted: this.submitter.submitted.length,
      ended: this.watch.endedCount,
      faults: this.injector.injected.length,
    };
  }

  private deploy(): Promise<unknown> {
    const api = (name: string, command: readonly string[]) => ({
      name,
      kind: 'BatchAPI',
      pod: {
        containers: [
          { name: 'api', image: 'none', command, env: { RECORD_DIR: this.platform.recordDir } },
        ],
      },
    });
    return this.platform.deploy(
      api('chaos', [pythonProgram(), '-I', '-S', HANDLER]),
      api('broken', ['/no/such/program']),
    );
  }

  /** Submits and kills at the same time, until every job has ended. */
  private async wreakHavoc(interrupt: AbortSignal): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, interrupt]);
    const work = [
      this.submitter.run(this.plan.jobs, signal),
      this.injector.run(this.plan.faults, signal),
    ];
    const { length: jobCount } = this.plan.jobs;
    const ended = until(
      `${jobCount} jobs to end`,
      () => this.watch.endedCount === jobCount || signal.aborted,
      RUN_MS_MAX,
    );
    try {
      await Promise.all([...work, ended]);
    } catch (error) {
      throw new Error(`not ended: ${this.openJobs.join(', ')}`, { cause: error });
    } finally {
      over.abort();
      await Promise.allSettled(work);
    }
  }

  private get openJobs(): readonly string[] {
    return this.submitter.submitted
      .filter(({ jobId }) => (this.watch.job(jobId)?.end ?? null) === null)
      .map(({ plan, jobId }) => `${plan.name} (${jobId})`);
  }

  private async check(): Promise<readonly string[]> {
    await this.platform.untilReady();
    const leftovers = await leftoversOf(this.platform, this.watch.view);
    const events = await this.watch.readAgain();
    const records = readRecords(this.platform.recordDir);
    const problems: string[] = [];
    for (const job of this.submitter.submitted) {
      const record = records.get(job.jobId) ?? NO_RECORD;
      for (const calls of record.itemsByBatch.values()) this.repeatedCallCount += calls.length - 1;
      problems.push(
        ...problemsOf({
          plan: job.plan,
          events: events.get(job.jobId) ?? [],
          document: await this.documentOf(job),
          deadLetters: await this.deadLettersOf(job),
          record,
        }),
      );
    }
    const jobCount = this.plan.jobs.length;
    if (events.size !== jobCount) problems.push(`${events.size} jobs in the log, not ${jobCount}`);
    if (this.watch.unreadableCount > 0) problems.push('there are unreadable events');
    return [...problems, ...leftovers];
  }

  private documentOf({ plan, jobId }: SubmittedJob): Promise<JobStatus> {
    const api = plan.kind === 'broken' ? 'broken' : 'chaos';
    return until(
      `the document of ${plan.name}`,
      () => this.platform.jobStatus(api, jobId).catch(() => null),
      DOCUMENT_MS_MAX,
    );
  }

  private async deadLettersOf({ plan, jobId }: SubmittedJob): Promise<readonly number[]> {
    if (plan.receiveCountMax === null) return [];
    const { dead_letters: letters } = await this.platform.askJson<{
      readonly dead_letters: readonly { readonly index: number }[];
    }>(`/v1/jobs/${jobId}/dead-letters`);
    return letters.map(({ index }) => index);
  }
}
