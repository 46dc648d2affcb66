import { Agent, request } from 'undici';
import { until } from './until.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface HttpQuestion {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Text and bytes go as they are; anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A job's status document with just the members that tests look at by name. */
export interface JobStatus {
  readonly job_id: string;
  readonly status: string;
  readonly total_batch_count?: number;
  readonly batches_in_queue: number;
  readonly batch_metrics: { readonly succeeded: number; readonly failed: number };
  readonly batch_counts: Readonly<Record<string, number>>;
  readonly worker_counts?: Readonly<Record<string, number>>;
  readonly [member: string]: unknown;
}

const ENDED =
  /^(enqueue_failed|completed_with_failures|succeeded|unexpected_error|worker_error|worker_oom|timed_out|stopped)$/;

export const hasEnded = ({ status }: JobStatus): boolean => ENDED.test(status);

/** What a user's program says to the gateway. */
export class PlatformClient {
  private readonly agent = new Agent();

  constructor(readonly url: string) {}

  /** @param path with its query, e.g. `/v1/jobs?limit=1` */
  async ask(
    path: string,
    { method = 'GET', body, headers = {} }: HttpQuestion = {},
  ): Promise<HttpAnswer> {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const answer = await request(this.url + path, {
      method,
      dispatcher: this.agent,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text };
  }

  /** As `ask`, and the answer's JSON. @throws Error with the answer's text when it is not 2xx */
  async askJson<T>(path: string, question: HttpQuestion = {}): Promise<T> {
    const { status, text } = await this.ask(path, question);
    if (status < 200 || status > 299) {
      throw new Error(`${question.method ?? 'GET'} ${path}: status ${status}: ${text}`);
    }
    return JSON.parse(text) as T;
  }

  /** @param specs configurations as in `cortex.yaml` */
  deploy(...specs: readonly Readonly<Record<string, unknown>>[]): Promise<unknown> {
    return this.askJson('/v1/apis', { method: 'PUT', body: specs });
  }

  /** @param submission the request's body; text goes as it is */
  submit(
    api: string,
    submission: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly job_id: string; readonly [member: string]: unknown }> {
    return this.askJson(`/${api}`, { method: 'POST', body: submission, headers });
  }

  async jobStatus(api: string, jobId: string): Promise<JobStatus> {
    return (await this.askJson<{ job_status: JobStatus }>(`/${api}?jobID=${jobId}`)).job_status;
  }

  stopJob(api: string, jobId: string): Promise<unknown> {
    return this.askJson(`/${api}?jobID=${jobId}`, { method: 'DELETE' });
  }

  /** Answers of 503 and refused connections are part of a platform that is being killed: it asks on. */
  async waitForJob(
    job: { readonly api: string; readonly jobId: string },
    isAwaited: (status: JobStatus) => boolean = hasEnded,
    timeoutMs = 45_000,
  ): Promise<JobStatus> {
    let last = 'nothing yet';
    return until(
      `job ${job.jobId}`,
      async () => {
        try {
          const status = await this.jobStatus(job.api, job.jobId);
          last = JSON.stringify(status);
          return isAwaited(status) && status;
        } catch (error) {
          last = String(error);
          return false;
        }
      },
      timeoutMs,
    ).catch((error: unknown) => {
      throw new Error(`the job is not as awaited: ${last}`, { cause: error });
    });
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }
}
