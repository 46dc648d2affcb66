import type {
  V1Container,
  V1EnvVar,
  V1Probe,
  V1ResourceRequirements,
} from '@kubernetes/client-node';
import type {
  ApiSpec,
  ComputeSpec,
  ContainerSpec,
  HandlerSpec,
  Probe,
} from '#libs/domain/api/api-spec.ts';
import type { PodSettings } from './pod-settings.ts';

/** Where handlers find what is theirs. */
export const CODE_FOLDER = '/cortex/code';
export const SPEC_FOLDER = '/cortex/spec';
/** Where a function handler listens: every pod has its ports for itself. */
const FUNCTION_PORT = 8080;

export const handlerPortOf = (spec: ApiSpec): number => spec.pod?.port ?? FUNCTION_PORT;

/** Whether a handler of the specification runs from the deployed folder. */
export const runsDeployedCode = (spec: ApiSpec): boolean =>
  spec.handler !== null || (spec.pod?.containers ?? []).some(({ image }) => image === null);

/** The user's containers. One without an image runs in ours, in the deployed folder. */
export function handlerContainers(spec: ApiSpec, settings: PodSettings): V1Container[] {
  const port = handlerPortOf(spec);
  if (spec.handler !== null) return [functionContainer(spec.handler, port, settings)];
  return (spec.pod?.containers ?? []).map((container) =>
    commandContainer(container, port, settings),
  );
}

/** Name of the volume that is a container's shared memory. */
export const shmVolumeOf = (containerName: string): string => `shm-${containerName}`.slice(0, 63);

function functionContainer(
  { type, path, env, compute }: HandlerSpec,
  port: number,
  settings: PodSettings,
): V1Container {
  const [program = '', ...args] = settings.commands.runners[type];
  return {
    ...containerOf('handler', compute),
    image: settings.image,
    command: [program],
    args: [...args, path],
    workingDir: CODE_FOLDER,
    env: envOf({ PYTHONUNBUFFERED: '1', ...env }, port),
    securityContext: OF_OUR_IMAGE,
  };
}

function commandContainer(
  { name, image, command, args, env, compute, readiness_probe, liveness_probe }: ContainerSpec,
  port: number,
  settings: PodSettings,
): V1Container {
  return {
    ...containerOf(name, compute),
    image: image ?? settings.image,
    ...(command.length > 0 && { command: [...command] }),
    ...(args.length > 0 && { args: [...args] }),
    ...(image === null && { workingDir: CODE_FOLDER, securityContext: OF_OUR_IMAGE }),
    env: envOf(env, port),
    ...(readiness_probe !== null && { readinessProbe: probeOf(readiness_probe) }),
    ...(liveness_probe !== null && { livenessProbe: probeOf(liveness_probe) }),
  };
}

const UNPRIVILEGED = {
  privileged: false,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
};
/** Users' images may need root; ours does not, and so can be kept to what `restricted` asks. */
const OF_OUR_IMAGE = { ...UNPRIVILEGED, runAsNonRoot: true };

const containerOf = (
  name: string,
  compute: ComputeSpec,
): Pick<V1Container, 'name'> & Partial<V1Container> => ({
  name,
  resources: resourcesOf(compute),
  volumeMounts: [
    { name: 'mnt', mountPath: '/mnt' },
    { name: 'spec', mountPath: SPEC_FOLDER, readOnly: true },
    { name: 'code', mountPath: CODE_FOLDER },
    ...(compute.shm === null ? [] : [{ name: shmVolumeOf(name), mountPath: '/dev/shm' }]),
  ],
  securityContext: UNPRIVILEGED,
  // What a handler said last is part of the reason when it dies.
  terminationMessagePolicy: 'FallbackToLogsOnError',
});

const envOf = (env: Readonly<Record<string, string>>, port: number): V1EnvVar[] =>
  Object.entries({
    ...env,
    CORTEX_PORT: String(port),
    CORTEX_JOB_SPEC: `${SPEC_FOLDER}/job.json`,
    CORTEX_CONFIG: `${SPEC_FOLDER}/config.json`,
  }).map(([name, value]) => ({ name, value }));

/**
 * Memory is limited to what was asked for, so that a handler is killed for its own appetite and not
 * its neighbour for it; processor time is not, because what is left over harms nobody.
 */
function resourcesOf({ cpu, mem, gpu, inf }: ComputeSpec): V1ResourceRequirements {
  const devices = {
    ...(gpu > 0 && { 'nvidia.com/gpu': String(gpu) }),
    ...(inf > 0 && { 'aws.amazon.com/neuron': String(inf) }),
  };
  const memory = mem === null ? {} : { memory: mem };
  return { requests: { cpu, ...memory, ...devices }, limits: { ...memory, ...devices } };
}

const probeOf = (probe: Probe): V1Probe => ({
  ...(probe.http_get && { httpGet: { port: probe.http_get.port, path: probe.http_get.path } }),
  ...(probe.tcp_socket && { tcpSocket: { port: probe.tcp_socket.port } }),
  ...(probe.exec && { exec: { command: [...probe.exec.command] } }),
  initialDelaySeconds: probe.initial_delay_seconds,
  timeoutSeconds: probe.timeout_seconds,
  periodSeconds: probe.period_seconds,
  successThreshold: probe.success_threshold,
  failureThreshold: probe.failure_threshold,
});
