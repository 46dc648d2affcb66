import type { GatewayClient } from '#libs/client/gateway-client.ts';
import type { JobDetails } from '#libs/client/gateway-documents.ts';
import type { Answer } from '#libs/client/http-exchange.ts';
import { CommandFailed } from './cli.ts';

interface WantedJob {
  readonly command: string;
  readonly api: string;
  readonly job: string;
  /** An earlier moment, as the gateway takes it; `null`: now. */
  readonly at?: string | null;
}

/**
 * Also finds jobs of an API that has been deleted since.
 *
 * @throws CommandFailed when it is another API's job
 */
export async function jobOfApi(
  client: GatewayClient,
  { command, api, job, at = null }: WantedJob,
): Promise<Answer<JobDetails>> {
  const details = await client.getJob(job, at);
  const owner = details.value.job_status.api_name;
  if (owner === api) return details;
  throw new CommandFailed(`job ${job} belongs to ${owner}: cortex ${command} ${owner} ${job}`);
}
