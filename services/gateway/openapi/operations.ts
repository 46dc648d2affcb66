/** One route, as it is described. `{endpoint}` stands for the endpoint of any deployed API. */
export interface Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Names and meanings of query parameters. */
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: object;
  readonly answer: object;
  /** Statuses besides 500, each answered with a `Problem`. */
  readonly errors?: readonly number[];
}

const json = (name: string): object => ({
  'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
});

const plainText = { 'text/plain': { schema: { type: 'string' } } };

const jobIdParameter = ['jobID', 'Id of the job; required'] as const;

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
    query: [['dryRun', 'true: only check the submission']],
    body: json('Submission'),
    answer: { ...json('Job'), ...plainText },
    errors: [400, 404, 409, 413, 501, 503],
  },
  {
    method: 'GET',
    path: '/{endpoint}',
    id: 'getJobAtEndpoint',
    summary: 'Status of a job of the API.',
    query: [jobIdParameter],
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
    ],
    answer: json('JobPage'),
    errors: [400, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/{jobId}',
    id: 'getJob',
    summary: 'Status of a job.',
    answer: json('JobDetails'),
    errors: [404, 503],
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
  ...processOperations,
];
