import { apiId, apiName, jobId, type JobId } from '#libs/domain/kernel/ids.ts';
import { RawJson } from '#libs/domain/kernel/raw-json.ts';
import { getJob } from '../../../services/status-projector/get-job/get-job.ts';
import { StopJob } from '../../../services/gateway/stop-job/stop-job.ts';
import {
  SubmitJob,
  type SubmitJobRequest,
} from '../../../services/gateway/submit-job/submit-job.ts';
import {
  QueryUnanswered,
  type StatusQueries,
} from '../../../services/gateway/status-queries.port.ts';
import { anApiSpec } from '#test/support/api.builders.ts';
import type { Checks } from '../checks/checks.ts';
import { itemListOf } from '../checks/expected-batches.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { JobPlan } from '../scenario.ts';
import type { World } from '../world.ts';
import { type Projection, STALLED_AFTER_MS } from './programs.ts';
import type { Program } from './service.ts';

const ID = apiId('spec-1');
export const API = {
  name: apiName('sum'),
  id: ID,
  spec: { ...anApiSpec(), id: ID, last_updated: '2026-01-01T00:00:00.000Z' },
};
export const DEAD_LETTERS_ARN = 'arn:aws:sqs:us-east-1:000000000000:letters';

const STOP_WAIT_MS = 2_000;
const QUERY_MS_MAX = 1_000;

/** What the gateway that runs, if one does, can be asked. */
export interface Gateway {
  current: {
    readonly process: SimProcess;
    submit(plan: JobPlan): Promise<JobId>;
    stop(job: JobId): Promise<void>;
  } | null;
}

export function gatewayProgram(
  world: World,
  checks: Checks,
  { gateway, projection }: { readonly gateway: Gateway; readonly projection: Projection },
): Program {
  let idCount = 0;
  const ids = { next: (): string => (0xffff_0000 - ++idCount).toString(16).padStart(16, '0') };
  return (process, stopping) => {
    const ports = world.portsOf(process, checks);
    const submitJob = new SubmitJob({ ...ports, ids, checks: { check: async () => {} } });
    const queries = queriesOf(world, process, projection);
    const stopJob = new StopJob({ ...ports, queries, waitMsMax: STOP_WAIT_MS });
    gateway.current = {
      process,
      submit: async (plan) => jobId((await submitJob.execute(requestOf(plan))).job_id),
      stop: (job) => stopJob.execute(API.name, job),
    };
    process.onDeath(() => (gateway.current = null));
    return new Promise((resolve) => stopping.addEventListener('abort', () => resolve()));
  };
}

function requestOf(plan: JobPlan): SubmitJobRequest {
  const { number, itemCount, batchSizeItems, workers, timeoutMs, receiveCountMax } = plan;
  const items = itemListOf(plan);
  return {
    api: API,
    submission: {
      source: { kind: 'item_list', items, itemCount, batchSizeItems },
      workers,
      timeoutMs,
      deadLetterQueue: receiveCountMax === null ? null : { arn: DEAD_LETTERS_ARN, receiveCountMax },
      config: new RawJson(String(number)),
      onCompleteUrl: null,
    },
    body: items,
    idempotencyKey: `job ${number}`,
    traceparent: null,
  };
}

/** A question to the status projector, which may not be there, or not in time. */
function queriesOf(
  { time, wire }: World,
  process: SimProcess,
  projection: Projection,
): Pick<StatusQueries, 'getJob'> {
  const getJobOf: StatusQueries['getJob'] = (query) =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new QueryUnanswered('status-projector'));
      time.schedule(process, QUERY_MS_MAX, '', giveUp);
      const { current } = projection;
      if (current === null) return;
      const answer = async (): Promise<void> => {
        await current.follower.caughtUp();
        const nowMs = current.process.clock().getTime();
        const rule = { nowMs, stalledAfterMs: STALLED_AFTER_MS };
        const { found } = getJob(
          current.follower.view,
          await current.follower.job(query.jobId),
          rule,
        );
        time.schedule(process, wire.latencyMs(), 'answer', () => resolve(found));
      };
      time.schedule(current.process, wire.latencyMs(), 'get job', () => {
        answer().catch(() => {});
      });
    });
  return { getJob: getJobOf };
}
