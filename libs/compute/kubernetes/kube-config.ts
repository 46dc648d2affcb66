import { KubeConfig } from '@kubernetes/client-node';

/**
 * How to reach the cluster: what `KUBECONFIG` names, `~/.kube/config`, or the service account of the
 * pod that this runs in, as `kubectl` finds it.
 */
export function kubeConfigOfHere(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
