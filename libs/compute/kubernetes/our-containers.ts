import type {
  V1Container,
  V1EnvVar,
  V1ResourceRequirements,
  V1SecurityContext,
} from '@kubernetes/client-node';
import { CODE_CONTAINER, WORKER_CONTAINER } from '../pod-assignment.ts';
import { CODE_FOLDER } from './handler-containers.ts';
import type { PodSettings } from './pod-settings.ts';

/** Where the worker finds its assignment; handlers do not see it. */
const WORKER_FOLDER = '/cortex/worker';
const READY_FILE = '/tmp/ready';
const TERMINATION_FILE = '/dev/termination-log';
/** The user of our image: a number, so that Kubernetes can see that it is not root. */
const USER_ID = 1000;
/** How soon `kubectl get pods` sees that a worker takes batches; the scheduler hears it at once. */
const READY_PERIOD_SECONDS = 2;

const LOCKED: V1SecurityContext = {
  privileged: false,
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  runAsUser: USER_ID,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** The worker: takes batches and calls the handler beside it. */
export function workerContainer(settings: PodSettings, handlerPort: number): V1Container {
  return {
    name: WORKER_CONTAINER,
    image: settings.image,
    command: [...settings.commands.worker],
    env: [
      ...plainEnv({
        ...settings.env,
        CORTEX_PORT: String(handlerPort),
        WORKER_ASSIGNMENT_FILE: `${WORKER_FOLDER}/assignment.json`,
        WORKER_READY_FILE: READY_FILE,
        WORKER_TERMINATION_FILE: TERMINATION_FILE,
      }),
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    resources: ownResources(settings),
    readinessProbe: {
      exec: { command: ['test', '-f', READY_FILE] },
      periodSeconds: READY_PERIOD_SECONDS,
      failureThreshold: 1,
    },
    volumeMounts: [
      { name: 'worker', mountPath: WORKER_FOLDER, readOnly: true },
      { name: 'worker-tmp', mountPath: '/tmp' },
    ],
    securityContext: LOCKED,
    terminationMessagePath: TERMINATION_FILE,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/** Fetches the deployed folder from the object store and unpacks it, before the handler starts. */
export function codeContainer(settings: PodSettings, codeKey: string): V1Container {
  return {
    name: CODE_CONTAINER,
    image: settings.image,
    command: [...settings.commands.fetchCode],
    env: plainEnv({ ...settings.env, CODE_KEY: codeKey, CODE_FOLDER }),
    resources: ownResources(settings),
    volumeMounts: [
      { name: 'code', mountPath: CODE_FOLDER },
      { name: 'worker-tmp', mountPath: '/tmp' },
    ],
    securityContext: LOCKED,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

const ownResources = ({
  cpuRequest,
  memRequest,
  memLimit,
}: PodSettings): V1ResourceRequirements => ({
  requests: { cpu: cpuRequest, memory: memRequest },
  ...(memLimit !== null && { limits: { memory: memLimit } }),
});

const plainEnv = (env: Readonly<Record<string, string>>): V1EnvVar[] =>
  Object.entries(env).map(([name, value]) => ({ name, value }));
