import { readFileSync } from 'node:fs';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Compute } from '#libs/compute/compute.port.ts';
import { Cluster } from '#libs/compute/kubernetes/cluster.ts';
import { kubeConfigOfHere } from '#libs/compute/kubernetes/kube-config.ts';
import { KubernetesCompute } from '#libs/compute/kubernetes/kubernetes-compute.ts';
import { podCommandsIn } from '#libs/compute/kubernetes/pod-commands.ts';
import { workerProgramIn } from '#libs/compute/local-process/worker-program.ts';
import { WorkerLine } from '#libs/messaging/worker-line.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import { systemClock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import { installationId } from '#libs/platform/nats/installation-id.ts';
import type { NatsConnection } from '#libs/platform/nats/nats-connection.ts';
import type { KubernetesConfig } from './kubernetes.config.ts';

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** @param services folder of the services, as a URL with a trailing slash */
export async function openKubernetesCompute(
  { namespace, resyncMs, workerEnv, ...pods }: KubernetesConfig,
  deps: {
    readonly connection: NatsConnection;
    readonly blobs: BlobStore;
    readonly logger: Logger;
    readonly services: URL;
  },
): Promise<Compute> {
  const { connection, blobs, logger, services } = deps;
  const installation = await installationId(connection);
  const config = kubeConfigOfHere();
  const commands = podCommandsIn(services, workerProgramIn(services));
  return new KubernetesCompute({
    cluster: new Cluster({ config, namespace: namespace ?? ownNamespace(config), installation }),
    line: new WorkerLine(connection),
    blobs,
    clock: systemClock,
    logger,
    resyncMs,
    pods: { ...pods, installation, env: workerEnv, commands },
  });
}

/** Of the service account in a cluster, of the current context outside of one. */
function ownNamespace(config: KubeConfig): string {
  const context = config.getContextObject(config.getCurrentContext());
  if (context?.namespace !== undefined) return context.namespace;
  try {
    return readFileSync(NAMESPACE_FILE, 'utf8').trim();
  } catch {
    return 'default';
  }
}
