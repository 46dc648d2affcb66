import { createServer, type Server } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Kubelet } from './kubelet.ts';
import type { Image } from './node-pod.ts';
import { Rest } from './rest.ts';

export interface TestNodeOptions {
  /** Of somebody who may make nodes. */
  readonly config: KubeConfig;
  /** The one namespace whose pods it runs. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where the API server finds this process, to read logs. */
  readonly address: string;
  readonly tls: { readonly cert: string; readonly key: string };
  readonly podsMax: number;
  readonly images: Readonly<Record<string, Image>>;
}

/** This process as a node of a real API server. */
export class TestNode {
  private constructor(
    private readonly options: TestNodeOptions,
    readonly kubelet: Kubelet,
    private readonly logs: Server,
  ) {}

  static async start(options: TestNodeOptions): Promise<TestNode> {
    const kubelet = await Kubelet.start({ ...options, nodeName: options.name });
    const logs = await serveLogs(kubelet, options);
    const node = new TestNode(options, kubelet, logs);
    try {
      await node.register();
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  async stop(): Promise<void> {
    await this.kubelet.stop();
    this.logs.closeAllConnections();
    await new Promise((resolve) => this.logs.close(resolve));
    await this.rest.send('DELETE', `/api/v1/nodes/${this.options.name}`);
  }

  private get rest(): Rest {
    return new Rest(this.options.config, this.options.namespace);
  }

  private async register(): Promise<void> {
    const { name, labels, address } = this.options;
    const status = {
      addresses: [{ type: 'InternalIP', address }],
      daemonEndpoints: { kubeletEndpoint: { Port: portOf(this.logs) } },
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() }],
    };
    // A scheduler that the cluster may have puts nobody's pods here: our kubelet binds its own.
    await this.rest.create('/api/v1/nodes', {
      metadata: { name, labels },
      spec: { unschedulable: true },
    });
    await this.rest.send('PATCH', `/api/v1/nodes/${name}/status`, { status });
  }
}

/** The part of a kubelet's interface that the API server asks for logs. */
async function serveLogs(kubelet: Kubelet, { tls, address }: TestNodeOptions): Promise<Server> {
  const server = createServer(tls, (request, response) => {
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
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
