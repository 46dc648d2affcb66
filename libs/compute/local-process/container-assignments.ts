import type {
  ApiSpec,
  ComputeSpec,
  ContainerSpec,
  HandlerSpec,
  Probe,
} from '#libs/domain/api/api-spec.ts';
import { bytesOfQuantity } from '#libs/domain/api/quantity.ts';
import type { Runners } from '../runners.ts';
import type { ContainerAssignment, MemoryLimit } from '../worker-protocol.ts';
import type { JobFiles } from './job-folder.ts';

/** Where the containers of one worker run. */
export interface HandlerPlace {
  readonly files: JobFiles;
  /** Folder with the handler's code. */
  readonly folder: string;
  readonly port: number;
  /** What every handler's environment starts from. */
  readonly env: Readonly<Record<string, string>>;
  readonly runners: Runners;
}

/** The processes of one worker, as its API's specification has them. */
export function containerAssignments(spec: ApiSpec, place: HandlerPlace): ContainerAssignment[] {
  if (spec.handler !== null) return [functionHandler(spec.handler, place)];
  const port = spec.pod?.port ?? 0;
  return (spec.pod?.containers ?? []).map((container) => ofContainer(container, port, place));
}

function ofContainer(
  container: ContainerSpec,
  podPort: number,
  place: HandlerPlace,
): ContainerAssignment {
  const own = (probe: Probe | null): Probe | null =>
    probe && ofThisWorker(probe, podPort, place.port);
  return {
    name: container.name,
    command: [...container.command, ...container.args],
    env: handlerEnv(container.env, place),
    cwd: place.folder,
    readinessProbe: own(container.readiness_probe),
    livenessProbe: own(container.liveness_probe),
    memoryLimit: memoryLimitOf(container.compute),
  };
}

const functionHandler = (handler: HandlerSpec, place: HandlerPlace): ContainerAssignment => ({
  name: 'handler',
  command: [...place.runners[handler.type], handler.path],
  env: handlerEnv(handler.env, place),
  cwd: place.folder,
  readinessProbe: null,
  livenessProbe: null,
  memoryLimit: memoryLimitOf(handler.compute),
});

function memoryLimitOf({ mem }: ComputeSpec): MemoryLimit | null {
  const bytes = mem === null ? null : bytesOfQuantity(mem);
  return mem === null || bytes === null ? null : { bytes, quantity: mem };
}

const handlerEnv = (
  env: Readonly<Record<string, string>>,
  { env: base, port, files }: HandlerPlace,
): Record<string, string> => ({
  ...base,
  PYTHONUNBUFFERED: '1', // A log that shows what happened only after the end is of little use.
  ...env,
  CORTEX_PORT: String(port),
  CORTEX_JOB_SPEC: files.specFile,
  CORTEX_CONFIG: files.configFile,
});

/** In a cluster every pod has the port for itself; here each worker has one of its own. */
function ofThisWorker(probe: Probe, podPort: number, handlerPort: number): Probe {
  const own = (port: number): number => (port === podPort ? handlerPort : port);
  return {
    ...probe,
    ...(probe.tcp_socket && { tcp_socket: { port: own(probe.tcp_socket.port) } }),
    ...(probe.http_get && { http_get: { ...probe.http_get, port: own(probe.http_get.port) } }),
  };
}
