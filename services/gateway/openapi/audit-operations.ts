import { json, type Operation } from './operation.ts';

const ndjson = { 'application/x-ndjson': { schema: { type: 'string' } } };

export const auditOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v1/audit/export',
    id: 'exportLog',
    summary:
      'The log as it is now: a line for each event, a CloudEvent in JSON. The last line says that it is ' +
      'complete; of a part, digests of what is left out are in it, so that its checkpoints can be verified.',
    query: [
      ['api', 'Only events of this API'],
      ['job', 'Only events of this job, and deployments of its API'],
    ],
    answer: ndjson,
    errors: [400, 404, 503],
  },
  {
    method: 'POST',
    path: '/v1/audit/import',
    id: 'importLog',
    summary: 'Fill the empty log of a platform with READ_ONLY=true with an export of a whole log.',
    body: ndjson,
    answer: json('Message'),
    errors: [400, 403, 409, 503],
  },
];
