import { ApiError, GatewayUnreachable } from '#libs/client/client-errors.ts';
import type { GatewayClient } from '#libs/client/gateway-client.ts';
import type { JobDetails } from '#libs/client/gateway-documents.ts';
import type { Answer } from '#libs/client/http-exchange.ts';
import { hasEnded } from '#libs/domain/job/job-status-code.ts';
import { pause } from '#libs/platform/pause.ts';
import type { Cli } from './cli.ts';
import { onOneLine } from './json-text.ts';
import { outcomeLines } from './job-wording.ts';
import { createProgress } from './progress.ts';

const POLL_INTERVAL_MS = 250;
/** A gateway that restarts is back sooner; the job goes on meanwhile. */
const OUTAGE_MS_MAX = 30_000;

interface Followed {
  /** The job as it was when following it began. */
  readonly first: Answer<JobDetails>;
  readonly output: 'pretty' | 'json';
}

/**
 * Shows a job's progress until it has ended, then prints how it ended. The exit code becomes 1
 * unless it succeeded.
 */
export async function followJob(
  cli: Cli,
  client: GatewayClient,
  { first, output }: Followed,
): Promise<void> {
  const { json, value } = await untilEnded(cli, client, first);
  const { job_status: job } = value;
  const hasSucceeded = job.status === 'succeeded';
  if (!hasSucceeded) cli.exitCode = 1;
  if (output === 'json') {
    cli.terminal.print(onOneLine(json));
    return;
  }
  const { style } = cli.terminal;
  const [outcome = '', ...others] = outcomeLines(job);
  cli.terminal.print([(hasSucceeded ? style.green : style.red)(outcome), ...others].join('\n'));
}

async function untilEnded(
  cli: Cli,
  client: GatewayClient,
  first: Answer<JobDetails>,
): Promise<Answer<JobDetails>> {
  let answer = first;
  const { api_name: apiName, job_id: jobId } = first.value.job_status;
  const progress = createProgress(cli.terminal);
  const undo = cli.onInterrupt(() => {
    progress.end();
    cli.terminal.note(
      `the job goes on; stop it with \`cortex delete ${apiName} ${jobId}\`, ` +
        `or watch it again with \`cortex get ${apiName} ${jobId} --watch\``,
    );
  });
  try {
    progress.show(answer.value.job_status, cli.nowMs());
    while (!hasEnded(answer.value.job_status.status)) {
      await pause(POLL_INTERVAL_MS);
      answer = await throughOutages(cli, () => client.getJob(jobId));
      progress.show(answer.value.job_status, cli.nowMs());
    }
  } finally {
    progress.end();
    undo();
  }
  return answer;
}

async function throughOutages<T>(cli: Cli, read: () => Promise<T>): Promise<T> {
  const giveUpAtMs = cli.nowMs() + OUTAGE_MS_MAX;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const mayPass =
        error instanceof GatewayUnreachable || (error instanceof ApiError && error.status === 503);
      if (!mayPass || cli.nowMs() >= giveUpAtMs) throw error;
      await pause(POLL_INTERVAL_MS);
    }
  }
}
