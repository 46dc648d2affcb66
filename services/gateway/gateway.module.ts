import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { BatchQueue } from '#libs/batch-queue/batch-queue.port.ts';
import { EVENT_STORE, type EventStore } from '#libs/event-store/event-store.port.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { InputFiles } from '#libs/object-store/input-files.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { NestLogger } from '#libs/platform/nest/nest-logger.ts';
import { DeleteApi } from './delete-api/delete-api.ts';
import { DeleteApiController } from './delete-api/delete-api.controller.ts';
import { apiConfig } from './deploy-apis/api-config.schema.ts';
import { DeployApis } from './deploy-apis/deploy-apis.ts';
import { DeployApisController } from './deploy-apis/deploy-apis.controller.ts';
import { ErrorFilter } from './error.filter.ts';
import { ExportLogController } from './export-log/export-log.controller.ts';
import { ExportSender } from './export-log/export-sender.ts';
import { FindApisController } from './find-apis/find-apis.controller.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway.config.ts';
import { ImportLog } from './import-log/import-log.ts';
import { ImportLogController } from './import-log/import-log.controller.ts';
import { GetJobController } from './get-job/get-job.controller.ts';
import { HealthController } from './health/health.controller.ts';
import { ListBatchesController } from './list-batches/list-batches.controller.ts';
import { ListDeadLetters } from './list-dead-letters/list-dead-letters.ts';
import { ListDeadLettersController } from './list-dead-letters/list-dead-letters.controller.ts';
import { ListJobsController } from './list-jobs/list-jobs.controller.ts';
import { ListWorkersController } from './list-workers/list-workers.controller.ts';
import { OPENAPI_JSON, OpenApiController } from './openapi/openapi.controller.ts';
import { openApiDocument } from './openapi/openapi-document.ts';
import { GatewayMetrics } from './read-metrics/gateway-metrics.ts';
import { ReadMetricsController } from './read-metrics/read-metrics.controller.ts';
import { ReadWorkerLogController } from './read-worker-log/read-worker-log.controller.ts';
import { EventStreamSender } from './read-events/event-stream-sender.ts';
import { ReadEventsController } from './read-events/read-events.controller.ts';
import { refuseWrites } from './read-only.ts';
import { RebuildProjectionController } from './rebuild-projection/rebuild-projection.controller.ts';
import { RedriveJob } from './redrive-job/redrive-job.ts';
import { redriveDocument } from './redrive-job/redrive-body.ts';
import { RedriveJobController } from './redrive-job/redrive-job.controller.ts';
import { STATUS_QUERIES, type StatusQueries } from './status-queries.port.ts';
import { StopJob } from './stop-job/stop-job.ts';
import { StopJobController } from './stop-job/stop-job.controller.ts';
import { DryRun } from './submit-job/dry-run.ts';
import { DryRunSender } from './submit-job/dry-run-sender.ts';
import { SubmissionChecks } from './submit-job/submission-checks.ts';
import { SubmitJob } from './submit-job/submit-job.ts';
import { SubmitJobController } from './submit-job/submit-job.controller.ts';
import { submissionDocument } from './submit-job/submission.schema.ts';
import { TimeIds } from './time-ids.ts';
import { UnknownRouteController } from './unknown-route/unknown-route.controller.ts';

/** What the gateway works with; whoever starts it picks the adapters. */
export interface GatewayParts {
  readonly config: Pick<GatewayConfig, 'publicUrl' | 'compute' | 'isReadOnly'>;
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly queue: Pick<
    BatchQueue,
    'urlOf' | 'checkDeadLetterQueue' | 'readDeadLetters' | 'removeDeadLetters'
  >;
  /** The users' files; nothing is asked of them until a job names some. */
  readonly inputFiles: InputFiles;
  readonly queries: StatusQueries;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long `DELETE <endpoint>` waits, so that a `GET` right after it shows the job stopped. */
const STOP_WAIT_MS_MAX = 2000;
/** Paths of endpoints may be 1000 characters long; Fastify's own limit for a parameter is 100. */
const PATH_LENGTH_MAX = 1100;

const managementControllers = [
  DeployApisController,
  FindApisController,
  DeleteApiController,
  ListJobsController,
  ListBatchesController,
  ListDeadLettersController,
  RedriveJobController,
  ListWorkersController,
  ReadWorkerLogController,
  ReadEventsController,
  ExportLogController,
  ImportLogController,
  RebuildProjectionController,
  HealthController,
  ReadMetricsController,
  OpenApiController,
];
/** These also take every path that no controller above takes. */
const endpointControllers = [
  GetJobController,
  SubmitJobController,
  StopJobController,
  UnknownRouteController,
];

/**
 * The platform's HTTP interface.
 *
 * In: requests. Out: `ApiDeployed`, `ApiDeleted`, `JobSubmitted`, `JobStopRequested`,
 * `IdempotencyKeyClaimed`; inline items and code archives as objects; answers of the
 * status-projector (documents) and the scheduler (logs). Any number of instances.
 */
@Module({})
export class GatewayModule {
  static with(parts: GatewayParts): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [...managementControllers, ...endpointControllers],
      providers: [...ports(parts), ...useCases(parts)],
    };
  }
}

const openApiJson = JSON.stringify(
  openApiDocument({
    ApiConfig: apiConfig,
    Submission: submissionDocument,
    Redrive: redriveDocument,
  }),
);

const ports = ({ config, store, queries }: GatewayParts): Provider[] => [
  { provide: GATEWAY_CONFIG, useValue: config },
  { provide: EVENT_STORE, useValue: store },
  { provide: STATUS_QUERIES, useValue: queries },
  { provide: OPENAPI_JSON, useValue: openApiJson },
];

function useCases(parts: GatewayParts): Provider[] {
  const ids = new TimeIds(parts.clock);
  const { inputFiles: files, logger, queue } = parts;
  const checks = new SubmissionChecks({ files, queue });
  const submitJob = new SubmitJob({ ...parts, ids, checks });
  return [
    { provide: GatewayMetrics, useValue: new GatewayMetrics() },
    { provide: DeployApis, useValue: new DeployApis({ ...parts, ids }) },
    { provide: DeleteApi, useValue: new DeleteApi(parts) },
    { provide: SubmitJob, useValue: submitJob },
    { provide: ListDeadLetters, useValue: new ListDeadLetters(parts) },
    { provide: RedriveJob, useValue: new RedriveJob({ ...parts, submitJob }) },
    { provide: DryRunSender, useValue: new DryRunSender(new DryRun(files, checks), logger) },
    { provide: ImportLog, useValue: new ImportLog(parts.store, parts.config.isReadOnly) },
    { provide: ExportSender, useValue: new ExportSender(parts.store, logger) },
    { provide: EventStreamSender, useValue: new EventStreamSender(parts) },
    { provide: StopJob, useValue: new StopJob({ ...parts, waitMsMax: STOP_WAIT_MS_MAX }) },
  ];
}

/** The gateway, ready to `listen`. Bodies are left to the use cases, which know their limits. */
export async function createGateway(parts: GatewayParts): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    routerOptions: { maxParamLength: PATH_LENGTH_MAX, ignoreTrailingSlash: true },
    frameworkErrors: refuseUndecodable,
    clientErrorHandler: (_error: Error, socket: Socket) => refuseMalformedRequest(socket),
  });
  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule.with(parts), adapter, {
    bodyParser: false,
    logger: new NestLogger(parts.logger),
  });
  const fastify = adapter.getInstance();
  if (parts.config.isReadOnly) fastify.addHook('onRequest', refuseWrites);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _body, done) => done(null));
  const metrics = app.get(GatewayMetrics);
  fastify.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    metrics.answered({ method, route, status: reply.statusCode, durationMs: reply.elapsedTime });
    done();
  });
  app.useGlobalFilters(new ErrorFilter(parts.logger));
  return app;
}

/** The router refuses what it cannot decode before any filter sees it. */
function refuseUndecodable(
  error: Error,
  _request: unknown,
  { raw }: { readonly raw: ServerResponse },
): void {
  raw.writeHead(400, { 'Content-Type': 'application/json; charset=utf-8' });
  raw.end(JSON.stringify({ kind: 'http.400', message: error.message }));
}

/** What is no HTTP request never becomes one, so no filter sees it. */
function refuseMalformedRequest(socket: Socket): void {
  if (!socket.writable) return;
  const body = JSON.stringify({ kind: 'http.malformed', message: 'this is not an HTTP request' });
  socket.end(
    'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n' +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
