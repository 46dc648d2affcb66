import { createServer, type Server } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { CLUSTER_RULES } from '#libs/compute/kubernetes/cluster.ts';
import type { ApiObject } from './api-objects.ts';
import { NAMESPACE, TestApiServer } from './api-server.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { JobController } from './job-controller.ts';
import { Kubelet, NODE } from './kubelet.ts';
import type { Image } from './node-pod.ts';
import type { RealControlPlane } from './real-control-plane.ts';
import { Rest } from './rest.ts';

export interface TestClusterOptions {
  readonly podsMax: number;
  readonly images: Readonly<Record<string, Image>>;
}

/** A cluster of one node, which is this process. */
export interface TestCluster {
  /** For who may do what `CLUSTER_RULES` say. */
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly kubelet: Kubelet;
  /** The API server when it is ours. */
  readonly api: TestApiServer | null;
  /** Everything there is, as `kind/name`. */
  leftovers(): Promise<string[]>;
  stop(): Promise<void>;
}

/** With an API server and controllers of our own. */
export async function startTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  const api = await TestApiServer.start();
  const { config } = api;
  const kubelet = await Kubelet.start({ config, namespace: NAMESPACE, ...options });
  api.readLog = (request) => kubelet.log(request);
  const controllers = controllersOf(config, NAMESPACE);
  return {
    config,
    namespace: NAMESPACE,
    kubelet,
    api,
    leftovers: () => everythingIn(config, NAMESPACE),
    stop: async () => {
      for (const controller of controllers) await controller.stop();
      await kubelet.stop();
      await api.stop();
    },
  };
}

let namespaceCount = 0;

/** A namespace of a real control plane. */
export async function startRealCluster(
  plane: RealControlPlane,
  options: TestClusterOptions,
): Promise<TestCluster> {
  namespaceCount += 1;
  const namespace = `batch-${namespaceCount}`;
  const config = plane.adminConfig;
  await plane.newNamespace(namespace, CLUSTER_RULES);
  const kubelet = await Kubelet.start({ config, namespace, ...options });
  const logs = await serveLogs(kubelet, plane);
  await registerNode(new Rest(config, namespace), portOf(logs));
  const controllers = plane.hasControllers ? [] : controllersOf(config, namespace);
  return {
    config: plane.schedulerConfig,
    namespace,
    kubelet,
    api: null,
    leftovers: () => everythingIn(config, namespace),
    stop: async () => {
      for (const controller of controllers) await controller.stop();
      await kubelet.stop();
      logs.closeAllConnections();
      await new Promise((resolve) => logs.close(resolve));
    },
  };
}

const controllersOf = (config: KubeConfig, namespace: string): { stop(): Promise<void> }[] => [
  new JobController(config, namespace),
  new GarbageCollector(config, namespace),
];

const namesOf = (kind: string, objects: readonly ApiObject[]): string[] =>
  objects.map(({ metadata }) => `${kind}/${metadata.name}`);

async function everythingIn(config: KubeConfig, namespace: string): Promise<string[]> {
  const rest = new Rest(config, namespace);
  const kinds = ['jobs', 'pods', 'configmaps'];
  const all = await Promise.all(kinds.map(async (kind) => namesOf(kind, await rest.list(kind))));
  return all.flat().filter((name) => name !== 'configmaps/kube-root-ca.crt');
}

/** The part of a kubelet's interface that the API server asks for logs. */
async function serveLogs(kubelet: Kubelet, plane: RealControlPlane): Promise<Server> {
  const server = createServer(plane.tls, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://node');
    const [, , , podName = '', container = ''] = url.pathname.split('/');
    const log = kubelet.logOf(podName, {
      container,
      bytesMax: Number(url.searchParams.get('limitBytes') ?? Number.POSITIVE_INFINITY),
      withTimes: url.searchParams.get('timestamps') === 'true',
    });
    response.statusCode = log === null ? 400 : 200;
    response.end(log ?? 'waiting to start');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function registerNode(rest: Rest, port: number): Promise<void> {
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  await rest.send('POST', '/api/v1/nodes', { metadata: { name: NODE } });
  await rest.send('PATCH', `/api/v1/nodes/${NODE}/status`, { status });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
