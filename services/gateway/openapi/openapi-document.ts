import { z } from 'zod';
import * as documents from './documents.schema.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';

const json = (schema: object): object => ({ 'application/json': { schema } });
const reference = (name: string): object => ({ $ref: `#/components/schemas/${name}` });

const PROBLEM = { description: 'Refused', content: json(reference('Problem')) };

/** The description of the whole interface, OpenAPI 3.1. `schemas` holds what requests look like. */
export function openApiDocument(schemas: Readonly<Record<string, z.ZodType>>): object {
  const components = { ...answers, ...schemas };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cortex Batch',
      version: '1',
      description: 'Batch jobs: deploy an API, submit jobs to its endpoint, follow them.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: pathsOf(operations),
    components: {
      schemas: Object.fromEntries(
        Object.entries(components).map(([name, schema]) => [name, jsonSchemaOf(name, schema)]),
      ),
    },
  };
}

const answers: Readonly<Record<string, z.ZodType>> = {
  Problem: documents.problemDocument,
  Message: documents.messageDocument,
  Job: documents.jobDocument,
  JobDetails: documents.jobDetailsDocument,
  JobPage: documents.jobPageDocument,
  BatchPage: documents.batchPageDocument,
  EventPage: documents.eventPageDocument,
  WorkerPage: documents.workerPageDocument,
  DeadLetters: documents.deadLettersDocument,
  RedrivenJob: documents.redrivenJobDocument,
  DryRun: documents.dryRunDocument,
  DeployedApis: documents.deployedApisDocument,
  ApiSummaries: documents.apiSummariesDocument,
  ApiDetails: documents.apiDetailsDocument,
  Readiness: documents.readinessDocument,
  Projection: documents.projectionDocument,
  Liveness: documents.livenessDocument,
};

/** Requests are described as they are sent, with defaults to be filled in; answers as they come. */
function jsonSchemaOf(name: string, schema: z.ZodType): object {
  const io = name in answers ? 'output' : 'input';
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
  });
  return described;
}

function pathsOf(all: readonly Operation[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of all) {
    const path = (paths[operation.path] ??= {});
    path[operation.method.toLowerCase()] = operationObject(operation);
  }
  return paths;
}

function operationObject(operation: Operation): object {
  const { id, summary, path, query, body, isBodyOptional = false, answer, errors } = operation;
  return {
    operationId: id,
    summary,
    parameters: [...pathParameters(path), ...(query ?? []).map(queryParameter)],
    ...(body && { requestBody: { required: !isBodyOptional, content: body } }),
    responses: {
      200: { description: 'Done', content: answer },
      ...Object.fromEntries((errors ?? []).map((status) => [status, PROBLEM])),
    },
  };
}

const pathParameters = (path: string): object[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

const queryParameter = ([name, description]: readonly [string, string]): object => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string' },
});
