import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { KubeConfig } from '@kubernetes/client-node';
import { kubeConfigOfHere } from '#libs/compute/kubernetes/kube-config.ts';
import { until } from '../until.ts';
import { Rest } from './rest.ts';
import {
  controllersOf,
  everythingIn,
  type TestCluster,
  type TestClusterOptions,
} from './test-cluster.ts';
import { TestNode } from './test-node.ts';

/** On the namespaces and nodes that tests make, so that what a killed run left can be found. */
const RUN_LABEL = 'cortex.dev/test-run';
/** Clusters with many kinds of resources look through all of them before a namespace is gone. */
const NAMESPACE_GONE_MS_MAX = 120_000;
/** A Job controller notices a Job in well under a second. */
const CONTROLLER_MS_MAX = 10_000;
/** Clusters put things of their own into every namespace. */
const OURS = 'app.kubernetes.io/managed-by=cortex-batch';
const NOT_FOUND = 404;

/**
 * The cluster that `KUBECONFIG` names, reached with whatever that file says. Tests get namespaces of
 * their own. Where it has no nodes this process is one; where it has, no pod may start, because they
 * could reach neither the programs of this checkout nor its NATS server.
 */
export class GivenCluster {
  private readonly run = randomBytes(4).toString('hex');
  private readonly namespaces: string[] = [];
  private hasControllers: Promise<boolean> | null = null;

  private constructor(
    private readonly config: KubeConfig,
    private readonly server: string,
    readonly hasNodes: boolean,
  ) {}

  /** @returns `null` when `KUBECONFIG` is not set */
  static async find(): Promise<GivenCluster | null> {
    if ((process.env['KUBECONFIG'] ?? '') === '') return null;
    const config = kubeConfigOfHere();
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('KUBECONFIG: its current context names no cluster');
    // What a killed run has left is nobody's node.
    const ofOthers = `labelSelector=${encodeURIComponent(`!${RUN_LABEL}`)}`;
    const rest = new Rest(config, 'default');
    const { status, body } = await rest
      .send('GET', `/api/v1/nodes?limit=1&${ofOthers}`)
      .catch((error: unknown) => {
        const problem = `KUBECONFIG: no answer from ${server}: ${String(error)}`;
        throw new Error(`${problem}; unset it to test without a cluster`, { cause: error });
      });
    if (status !== 200) {
      const needs = 'the tests list nodes and make namespaces; unset it to test without a cluster';
      throw new Error(
        `KUBECONFIG: cannot list nodes: ${status} ${String(body['message'])}: ${needs}`,
      );
    }
    return new GivenCluster(config, server, (body.items ?? []).length > 0);
  }

  /** A namespace, and a node of its own where the cluster has none. */
  async start(options: TestClusterOptions): Promise<TestCluster> {
    const { config } = this;
    const namespace = await this.newNamespace();
    const leftovers = (): Promise<string[]> => everythingIn(config, namespace, OURS);
    if (this.hasNodes) {
      const stop = (): Promise<void> => this.deleteNamespace(namespace);
      return {
        config,
        namespace,
        api: null,
        leftovers,
        stop,
        get kubelet(): never {
          throw new Error('this cluster has nodes of its own: no test may have its pods run there');
        },
      };
    }
    this.hasControllers ??= this.seesJobs(namespace);
    const controllers = (await this.hasControllers) ? [] : controllersOf(config, namespace);
    const node = await TestNode.start({
      ...options,
      config,
      namespace,
      name: namespace,
      labels: this.labels,
      address: await addressTowards(this.server),
      tls: nodeCertificate(),
    });
    const stop = async (): Promise<void> => {
      for (const controller of controllers) await controller.stop();
      await node.stop();
      await this.deleteNamespace(namespace);
    };
    return { config, namespace, kubelet: node.kubelet, api: null, leftovers, stop };
  }

  /** Namespaces and nodes of this run, when all that is deleted has had time to go. */
  async leftovers(): Promise<string[]> {
    for (const namespace of this.namespaces) await this.untilGone(namespace);
    return this.ofThisRun();
  }

  /** Deletes what a test that failed has not. */
  async close(): Promise<void> {
    for (const path of await this.ofThisRun()) await this.rest.send('DELETE', `/api/v1/${path}`);
  }

  private async ofThisRun(): Promise<string[]> {
    const ofRun = encodeURIComponent(`${RUN_LABEL}=${this.run}`);
    const named = async (kind: string): Promise<string[]> => {
      const objects = await this.rest.list(`/api/v1/${kind}?labelSelector=${ofRun}`);
      return objects.map(({ metadata }) => `${kind}/${metadata.name}`);
    };
    return [...(await named('namespaces')), ...(await named('nodes'))];
  }

  private get rest(): Rest {
    return new Rest(this.config, 'default');
  }

  private get labels(): Readonly<Record<string, string>> {
    return { [RUN_LABEL]: this.run };
  }

  private async newNamespace(): Promise<string> {
    const name = `cortex-test-${this.run}-${this.namespaces.length + 1}`;
    await this.rest.create('/api/v1/namespaces', { metadata: { name, labels: this.labels } });
    this.namespaces.push(name);
    // A controller makes it too, but pods that come before it are refused.
    await new Rest(this.config, name).send('POST', 'serviceaccounts', {
      metadata: { name: 'default' },
    });
    return name;
  }

  private async deleteNamespace(name: string): Promise<void> {
    await this.rest.send('DELETE', `/api/v1/namespaces/${name}`);
    if (this.hasNodes || (await this.hasControllers) !== false) return;
    // There is nobody who empties namespaces and lets them go.
    await new Rest(this.config, name).send('DELETE', 'serviceaccounts/default');
    await this.rest.send('PUT', `/api/v1/namespaces/${name}/finalize`, {
      metadata: { name },
      spec: { finalizers: [] },
    });
  }

  private async untilGone(name: string): Promise<void> {
    await until(
      `namespace ${name} to be gone`,
      async () => (await this.rest.send('GET', `/api/v1/namespaces/${name}`)).status === NOT_FOUND,
      NAMESPACE_GONE_MS_MAX,
    );
  }

  /** Whether anybody looks after Jobs; an API server may run alone, as those of envtest do. */
  private async seesJobs(namespace: string): Promise<boolean> {
    const rest = new Rest(this.config, namespace);
    const container = { name: 'none', image: 'none' };
    await rest.create('jobs', {
      metadata: { name: 'probe' },
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: 'Never', containers: [container] } },
      },
    });
    const isSeen = async (): Promise<boolean> =>
      (await rest.send('GET', 'jobs/probe')).body.status?.['conditions'] !== undefined;
    const seen = await until('a Job controller', isSeen, CONTROLLER_MS_MAX).catch(() => false);
    await rest.send('DELETE', 'jobs/probe?propagationPolicy=Background');
    return seen;
  }
}

/** The address that this machine has for who listens at `server`. */
async function addressTowards(server: string): Promise<string> {
  const { hostname, port, protocol } = new URL(server);
  const portOfProtocol = protocol === 'http:' ? 80 : 443;
  const socket = connect(
    port === '' ? portOfProtocol : Number(port),
    hostname.replaceAll(/[[\]]/g, ''),
  );
  await once(socket, 'connect');
  const { localAddress = '127.0.0.1' } = socket;
  socket.destroy();
  return localAddress;
}

/** API servers ask kubelets over TLS only; by default they take any certificate. */
function nodeCertificate(): { readonly cert: string; readonly key: string } {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const args = ['req', '-x509', ...kind, '-days', '1', '-subj', '/CN=test-node', '-keyout', '-'];
  const both = execFileSync('openssl', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { cert: both, key: both };
}
