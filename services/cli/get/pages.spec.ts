import { describe, expect, it } from '@jest/globals';
import type { JobStatus } from '#libs/client/gateway-documents.ts';
import {
  failedJob,
  helloWorld,
  jobDetails,
  pendingJob,
  runningJob,
  succeededJob,
} from '#test/support/gateway-answers.ts';
import { plainStyle } from '../terminal.ts';
import { apiPage } from './api-page.ts';
import { apisPage } from './apis-page.ts';
import { jobPage } from './job-page.ts';

const context = { nowMs: Date.parse('2021-06-10T12:01:30.900Z'), style: plainStyle };

describe('cortex get', () => {
  it('has a line for each API, by name', () => {
    const page = apisPage(
      [
        {
          name: 'hello-world',
          last_updated: '2021-06-10T09:47:30.000Z',
          active_job_count: 1,
          latest_job: { job_id: '69b183ed6bdf3e9b', created_time: '2021-06-10T12:00:00.000Z' },
        },
        {
          name: 'empty',
          last_updated: '2021-06-08T08:00:00.000Z',
          active_job_count: 0,
          latest_job: null,
        },
      ],
      context,
    );
    expect(`\n${page}\n`).toBe(`
batch api     running jobs   latest job id                            last update
empty         0              -                                        2d4h
hello-world   1              69b183ed6bdf3e9b (submitted 1m30s ago)   2h14m
`);
  });

  it('says that there are none', () => {
    expect(apisPage([], context)).toBe('no apis are deployed');
  });
});

describe('cortex get API', () => {
  it('shows its jobs, its endpoint and its versions', () => {
    expect(`\n${apiPage(helloWorld, context)}\n`).toBe(`
job id             status    progress   failed attempts   start time               duration
69b183ed6bdf3e9b   running   12/100     2                 10 Jun 21 12:00:00 UTC   1m30s

endpoint: http://localhost:8888/hello-world

api id                                               last deployed
69bfbc5ab59b0d80--b2c011c906d3de3174508d257cd93b84   2h14m
`);
  });

  it('leaves failed attempts out when there are none, and shows what is not known as -', () => {
    const [header, row] = apiPage({ ...helloWorld, job_statuses: [pendingJob] }, context).split(
      '\n',
    );
    expect(header).toBe(
      'job id             status    progress   start time               duration',
    );
    expect(row).toBe('69b183ed6bdf3e9b   pending   -          10 Jun 21 12:00:00 UTC   1m30s');
  });

  it('says that it has no jobs', () => {
    expect(apiPage({ ...helloWorld, job_statuses: [] }, context)).toMatch(
      /^no submitted batch jobs\n\nendpoint: /,
    );
  });
});

const pageOf = (job: JobStatus, json = JSON.stringify(jobDetails(job))): string =>
  jobPage({ value: jobDetails(job), json }, context);

describe('cortex get API JOB', () => {
  it('shows a running job', () => {
    const json = JSON.stringify(jobDetails(runningJob)).replace(
      '"config":null',
      '"config":{"seed":9007199254740993}',
    );
    expect(`\n${pageOf(runningJob, json)}\n`).toBe(`
job id: 69b183ed6bdf3e9b
status: running

start time: 10 Jun 21 12:00:00 UTC
end time:   -
duration:   1m30s

batch stats
total   succeeded   failed attempts   avg time per batch
100     12          2                 1.234s

worker stats
requested   running   succeeded
2           2         0

job endpoint: http://localhost:8888/hello-world?jobID=69b183ed6bdf3e9b

job configuration
{
  "job_id": "69b183ed6bdf3e9b",
  "api_name": "hello-world",
  "kind": "BatchAPI",
  "workers": 2,
  "config": {
    "seed": 9007199254740993
  },
  "api_id": "69bfbc5ab59b0d80--b2c011c906d3de3174508d257cd93b84",
  "sqs_url": "nats://127.0.0.1:4222/CORTEX_BATCHES/cortex.batches.69b183ed6bdf3e9b",
  "timeout": null,
  "sqs_dead_letter_queue": null,
  "created_time": "2021-06-10T12:00:00.000Z"
}
`);
  });

  it('says how an ended job ended', () => {
    expect(pageOf(succeededJob)).toContain(`status: succeeded
on-job-complete: succeeded

start time: 10 Jun 21 12:00:00 UTC
end time:   10 Jun 21 12:00:12 UTC
duration:   12s
`);
    expect(pageOf(failedJob)).toContain(`status: timed out
reason: the job ran for longer than its timeout (7200 s)

start`);
  });

  it('counts batches that did not succeed only where there are some', () => {
    expect(pageOf(failedJob)).toContain(`batch stats
total   succeeded   failed   cancelled   failed attempts   avg time per batch
100     12          3        85          5                 -
`);
  });

  it.each([
    [pendingJob, 'unable to get worker stats'],
    [
      { ...pendingJob, status: 'enqueuing' } as const,
      'still enqueuing, workers have not been allocated for this job yet',
    ],
    [succeededJob, 'worker stats are not available because this job is not currently running'],
  ])('says why there are no worker stats', (job, why) => {
    expect(pageOf(job)).toContain(`worker stats\n${why}\n`);
  });

  it('shows the states of workers that need attention only where there are some', () => {
    const worker_counts = { ...runningJob.worker_counts, running: 0, pending: 1, stalled: 1 };
    expect(pageOf({ ...runningJob, worker_counts })).toContain(`worker stats
requested   pending   stalled   running   succeeded
2           1         1         0         0
`);
  });
});
