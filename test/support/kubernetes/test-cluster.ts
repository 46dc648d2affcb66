import type { KubeConfig } from '@kubernetes/client-node';
import { CLUSTER_RULES } from '#libs/compute/kubernetes/cluster.ts';
import type { ApiObject } from './api-objects.ts';
import { NAMESPACE, TestApiServer } from './api-server.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { JobController } from './job-controller.ts';
import { Kubelet } from './kubelet.ts';
import type { Image } from './node-pod.ts';
import type { RealControlPlane } from './real-control-plane.ts';
import { Rest } from './rest.ts';
import { TestNode } from './test-node.ts';

export interface TestClusterOptions {
  readonly podsMax: number;
  readonly images: Readonly<Record<string, Image>>;
}

/** A cluster of one node, which is this process. */
export interface TestCluster {
  /** For who may do what `CLUSTER_RULES` say. */
  readonly config: KubeConfig;
  readonly namespace: string;
  /** @throws Error where nodes of the cluster's own would run pods */
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
  const node = await TestNode.start({
    ...options,
    config,
    namespace,
    name: namespace,
    labels: {},
    address: '127.0.0.1',
    tls: plane.tls,
  });
  const controllers = plane.hasControllers ? [] : controllersOf(config, namespace);
  return {
    config: plane.schedulerConfig,
    namespace,
    kubelet: node.kubelet,
    api: null,
    leftovers: () => everythingIn(config, namespace),
    stop: async () => {
      for (const controller of controllers) await controller.stop();
      await node.stop();
    },
  };
}

export const controllersOf = (
  config: KubeConfig,
  namespace: string,
): { stop(): Promise<void> }[] => [
  new JobController(config, namespace),
  new GarbageCollector(config, namespace),
];

const namesOf = (kind: string, objects: readonly ApiObject[]): string[] =>
  objects.map(({ metadata }) => `${kind}/${metadata.name}`);

/** @param labelSelector without one, all that is there */
export async function everythingIn(
  config: KubeConfig,
  namespace: string,
  labelSelector = '',
): Promise<string[]> {
  const rest = new Rest(config, namespace);
  const kinds = ['jobs', 'pods', 'configmaps'];
  const query = `?labelSelector=${encodeURIComponent(labelSelector)}`;
  const all = await Promise.all(
    kinds.map(async (kind) => namesOf(kind, await rest.list(`${kind}${query}`))),
  );
  return all.flat().filter((name) => name !== 'configmaps/kube-root-ca.crt');
}
