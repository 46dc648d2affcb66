import { auditOperations } from './audit-operations.ts';
import { json, type Operation } from './operation.ts';

const plainText = { 'text/plain': { schema: { type: 'string' } } };

const jobIdParameter = ['jobID', 'Id of the job; required'] as const;
const at = [
  'at',
  'An earlier moment, as a time (RFC 3339) or a position of the log: what was answered then',
] as const;

const configList = {
  type: 'array',
  minItems: 1,
  items: { $ref: '#/components/schemas/ApiConfig' },
};

const endpointOperations: readonly Operation[] = [
  {
    method: 'POST',
    path: '/{endpoint}',
    id: 'submitJob',
    summary: 'Submit a job. With an Idempotency-Key header the same request makes one job only.',
    query: [
      [
        'dryRun',
        'true: create nothing; answer with the path of each file of the job on a line of its own, then ' +
          '`validations passed`, or with `Accept: application/json` as DryRun. An answer that breaks off ' +
          'ends without either, with its connection cut',
      ],
    ],
    body: json('Submission'),
    answer: { ...json('Job', 'DryRun'), ...plainText },
    errors: [400, 404, 409, 413, 503],
  },
  {
    method: 'GET',
    path: '/{endpoint}',
    id: 'getJobAtEndpoint',
    summary: 'Status of a job of the API.',
    query: [jobIdParameter, at],
    answer: json('JobDetails'),
    errors: [400, 404, 503],
  },
  {
    method: 'DELETE',
    path: '/{endpoint}',
    id: 'stopJob',
    summary: 'Stop a job of the API.',
    query: [jobIdParameter],
    answer: json('Message'),
    errors: [400, 404, 409, 503],
  },
];

const apiOperations: readonly Operation[] = [
  {
    method: 'PUT',
    path: '/v1/apis',
    id: 'deployApis',
    summary: 'Deploy a list of APIs: all, or none when one is wrong.',
    body: {
      'application/json': { schema: configList },
      'application/yaml': { schema: configList },
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['config'],
          properties: {
            config: { type: 'string', description: 'The list, YAML or JSON' },
            code: {
              type: 'string',
              contentMediaType: 'application/gzip',
              description: 'The folder of the handlers as a gzipped tar archive, at most 32 MiB',
            },
          },
        },
      },
    },
    answer: json('DeployedApis'),
    errors: [400, 413, 503],
  },
  {
    method: 'GET',
    path: '/v1/apis',
    id: 'listApis',
    summary: 'The deployed APIs by name.',
    answer: json('ApiSummaries'),
    errors: [503],
  },
  {
    method: 'GET',
    path: '/v1/apis/{name}',
    id: 'getApi',
    summary: 'One API with its newest jobs and its versions.',
    answer: json('ApiDetails'),
    errors: [404, 503],
  },
  {
    method: 'DELETE',
    path: '/v1/apis/{name}',
    id: 'deleteApi',
    summary: 'Delete an API and stop its jobs. Their history stays.',
    answer: json('Message'),
    errors: [404, 503],
  },
];

const jobOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v1/jobs',
    id: 'listJobs',
    summary: 'Jobs of all APIs, newest first.',
    query: [
      ['api', 'Only jobs of this API'],
      ['status', 'Only jobs with this status; several are separated by commas'],
      ['limit', 'At most so many, 1 to 1000; 100 without it. There may be fewer on a page'],
      ['cursor', '`next_cursor` of the page before'],
      at,
    ],
    answer: json('JobPage'),
    errors: [400, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/{jobId}',
    id: 'getJob',
    summary: 'Status of a job.',
    query: [at],
    answer: json('JobDetails'),
    errors: [400, 404, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/{jobId}/batches',
    id: 'listBatches',
    summary:
      'What became of each batch of a job, by index, with the attempts at it. Costs two readings of ' +
      "the job's history.",
    query: [
      [
        'outcome',
        'Only batches with this outcome: succeeded, failed, dead_lettered, cancelled, remaining; several ' +
          'are separated by commas',
      ],
      ['limit', 'At most so many, 1 to 200; 100 without it'],
      ['cursor', '`next_cursor` of the page before'],
      at,
    ],
    answer: json('BatchPage'),
    errors: [400, 404, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/{jobId}/dead-letters',
    id: 'listDeadLetters',
    summary:
      'Batches of a job that are in its dead-letter queue, by ascending index; as many as have ' +
      '16 MiB of items together.',
    query: [['payload', 'true: include the items']],
    answer: json('DeadLetters'),
    errors: [404, 503],
  },
  {
    method: 'POST',
    path: '/v1/jobs/{jobId}/redrive',
    id: 'redriveJob',
    summary:
      'Submit the dead letters of a job that has ended again: at most 48 MiB of items, as a new ' +
      "job on the API's current deployment, which names its parent and is otherwise as it was. " +
      'The letters are removed. Asked again after it was interrupted it makes no second job.',
    body: json('Redrive'),
    isBodyOptional: true,
    answer: json('RedrivenJob'),
    errors: [400, 404, 409, 413, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/{jobId}/workers',
    id: 'listWorkers',
    summary: 'The workers of a job, by number, also after it has ended.',
    query: [
      ['limit', 'At most so many, 1 to 1000; 1000 without it. There may be fewer on a page'],
      ['cursor', '`next_cursor` of the page before'],
      at,
    ],
    answer: json('WorkerPage'),
    errors: [400, 404, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/{jobId}/events',
    id: 'readEvents',
    summary:
      "A job's events in the order of the log. With `Accept: text/event-stream` they are sent as they " +
      'come, until the job has ended and its workers have left: then comes an event `end`. An id is a ' +
      'position, and Last-Event-ID resumes behind it.',
    query: [
      ['type', 'Only events of this type, e.g. BatchFailed; several are separated by commas'],
      ['after', 'Start behind a position of the log, or behind a time (RFC 3339)'],
      ['limit', 'At most so many, 1 to 1000; 100 without it. There may be fewer on a page'],
    ],
    answer: { ...json('EventPage'), 'text/event-stream': { schema: { type: 'string' } } },
    errors: [400, 404, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/{jobId}/workers/{workerId}/log',
    id: 'readWorkerLog',
    summary:
      'What the handler of a worker printed. X-Cortex-Next-Offset says where to go on, ' +
      'X-Cortex-Log-Open whether more can come.',
    query: [['offset', 'Bytes to leave out at the start']],
    answer: plainText,
    errors: [400, 404, 503],
  },
];

const processOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v1/projections/status',
    id: 'readProjection',
    summary: 'What jobs are shown from: how far it is, and how far its rebuild.',
    answer: json('Projection'),
    errors: [503],
  },
  {
    method: 'POST',
    path: '/v1/projections/status/rebuild',
    id: 'rebuildProjection',
    summary:
      'Make it anew from the log, beside the one in use, which it then replaces: 202. Asked again ' +
      'meanwhile it changes nothing; it is done when `rebuild` is null.',
    answer: json('Projection'),
    errors: [503],
  },
  {
    method: 'GET',
    path: '/livez',
    id: 'isAlive',
    summary: 'Whether the gateway serves requests.',
    answer: json('Liveness'),
  },
  {
    method: 'GET',
    path: '/readyz',
    id: 'isReady',
    summary: 'Whether a job submitted now would run; 503 with the same document when not.',
    answer: json('Readiness'),
  },
  {
    method: 'GET',
    path: '/metrics',
    id: 'readMetrics',
    summary: 'Requests of this gateway and the lag of every status-projector, for Prometheus.',
    answer: plainText,
  },
  {
    method: 'GET',
    path: '/openapi.json',
    id: 'describeInterface',
    summary: 'This document.',
    answer: { 'application/json': { schema: { type: 'object' } } },
  },
];

export const operations: readonly Operation[] = [
  ...endpointOperations,
  ...apiOperations,
  ...jobOperations,
  ...auditOperations,
  ...processOperations,
];
