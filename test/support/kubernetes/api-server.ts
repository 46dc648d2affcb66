import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { type ApiObject, ApiObjects, ApiProblem } from './api-objects.ts';
import { mergePatched } from './merge-patch.ts';
import { deletedObject, type DeleteOptions } from './deletion.ts';
import { serveWatch } from './serve-watch.ts';

export interface ApiRequest {
  readonly verb: string;
  /** With its subresource, e.g. `pods/log`. */
  readonly resource: string;
  readonly name: string | null;
  /** Of whoever is tested, and not of what stands for the rest of a cluster. */
  readonly isOfClient: boolean;
}

export interface LogRequest {
  readonly pod: ApiObject;
  readonly container: string;
  readonly bytesMax: number;
  readonly withTimes: boolean;
}

interface Received {
  readonly method: string;
  readonly url: URL;
  readonly text: string;
  readonly isOfClient: boolean;
}

/** What a test wants to go wrong. `null` lets the request through. */
export type Fault = (request: ApiRequest) => ApiProblem | 'reset' | null;

export const NAMESPACE = 'batch-test';
const KINDS: Readonly<Record<string, { kind: string; apiVersion: string }>> = {
  jobs: { kind: 'Job', apiVersion: 'batch/v1' },
  pods: { kind: 'Pod', apiVersion: 'v1' },
  configmaps: { kind: 'ConfigMap', apiVersion: 'v1' },
  events: { kind: 'Event', apiVersion: 'v1' },
};
const PATH =
  /^\/(?:api\/v1|apis\/batch\/v1)\/namespaces\/([^/]+)\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/;

/** An HTTP API server of Kubernetes, as far as Jobs, Pods, ConfigMaps and Events of one namespace go. */
export class TestApiServer {
  readonly objects = new ApiObjects();
  readonly requests: ApiRequest[] = [];
  /** Reads a log, as the real one asks the kubelet to; `null`: the container has not started. */
  readLog: (request: LogRequest) => string | null = () => null;
  fault: Fault = () => null;
  /** Open watches hear nothing any more, and are not told. */
  areWatchesDead = false;
  bookmarkMs = 60_000;
  private readonly watches = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TestApiServer> {
    const server = createServer();
    const api = new TestApiServer(server);
    server.on('request', (request, response) => void api.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  get config(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'test', server: this.url, skipTLSVerify: true },
      { name: 'test' },
    );
    return config;
  }

  get openWatchCount(): number {
    return this.watches.size;
  }

  /** Breaks every watch that is open. */
  dropWatches(): void {
    for (const watch of this.watches) watch.destroy();
  }

  async stop(): Promise<void> {
    this.dropWatches();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    try {
      const url = new URL(request.url ?? '/', this.url);
      const text = Buffer.concat(pieces).toString();
      const isOfClient = request.headers['user-agent'] !== undefined;
      this.answer({ method: request.method ?? 'GET', url, text, isOfClient }, response);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      answerProblem(response, error);
    }
  }

  private answer({ method, url, text, isOfClient }: Received, response: ServerResponse): void {
    const [, namespace = '', kind = '', name = null, sub = null] = PATH.exec(url.pathname) ?? [];
    if (namespace !== NAMESPACE || !(kind in KINDS)) {
      throw new ApiProblem(404, 'NotFound', 'the server could not find the requested resource');
    }
    const isWatch = url.searchParams.get('watch') === 'true';
    const verb = verbOf(method, name, isWatch);
    const seen = { verb, resource: sub === null ? kind : `${kind}/${sub}`, name, isOfClient };
    this.requests.push(seen);
    const fault = this.fault(seen);
    if (fault === 'reset') return void response.destroy();
    if (fault !== null) throw fault;

    if (isWatch) return this.watch(kind, url.searchParams, response);
    if (sub === 'log') return this.log(name ?? '', url.searchParams, response);
    const body = text === '' ? {} : (JSON.parse(text) as ApiObject);
    answerJson(
      response,
      method === 'POST' ? 201 : 200,
      this.change(method, { kind, name, sub }, { body, query: url.searchParams }),
    );
  }

  private change(
    method: string,
    at: { readonly kind: string; readonly name: string | null; readonly sub: string | null },
    { body, query }: { readonly body: object; readonly query: URLSearchParams },
  ): object {
    const { kind, name, sub } = at;
    if (name === null) {
      return method === 'POST'
        ? this.objects.create(kind, NAMESPACE, { ...typeOf(kind), ...(body as ApiObject) })
        : this.list(kind, query);
    }
    const object = this.objects.get(kind, name);
    if (method === 'GET') return object;
    if (method === 'DELETE') return this.delete(kind, object, { ...fromQuery(query), ...body });
    if (sub === 'binding') return this.bind(object, body);
    return this.objects.replace(kind, mergePatched(object, body as ApiObject, sub));
  }

  private list(kind: string, query: URLSearchParams): object {
    const matches = selectionOf(query);
    const { kind: itemKind, apiVersion } = typeOf(kind);
    return {
      kind: `${itemKind}List`,
      apiVersion,
      metadata: { resourceVersion: String(this.objects.version) },
      // The real one leaves the type of the items out.
      items: this.objects
        .list(kind, matches)
        .map((object) => ({ ...object, kind: undefined, apiVersion: undefined })),
    };
  }

  private delete(kind: string, object: ApiObject, options: DeleteOptions): object {
    const deleted = deletedObject(kind, object, options);
    if (deleted === null) return this.objects.remove(kind, object);
    return deleted === object ? object : this.objects.replace(kind, deleted);
  }

  /** What the scheduler of a cluster does. */
  private bind(pod: ApiObject, body: object): object {
    const { target } = body as { readonly target: { readonly name: string } };
    const scheduled = { type: 'PodScheduled', status: 'True' };
    const spec = { ...pod.spec, nodeName: target.name };
    const status = { ...pod.status, conditions: [scheduled] };
    this.objects.replace('pods', { ...pod, spec, status });
    return { kind: 'Status', apiVersion: 'v1', status: 'Success' };
  }

  private log(name: string, query: URLSearchParams, response: ServerResponse): void {
    const container = query.get('container') ?? '';
    const log = this.readLog({
      pod: this.objects.get('pods', name),
      container,
      bytesMax: Number(query.get('limitBytes') ?? Number.POSITIVE_INFINITY),
      withTimes: query.get('timestamps') === 'true',
    });
    if (log === null) {
      const problem = `container "${container}" in pod "${name}" is waiting to start: ContainerCreating`;
      throw new ApiProblem(400, 'BadRequest', problem);
    }
    response.setHeader('content-type', 'text/plain');
    response.end(log);
  }

  private watch(kind: string, query: URLSearchParams, response: ServerResponse): void {
    this.watches.add(response);
    response.once('close', () => this.watches.delete(response));
    serveWatch(response, this.objects, {
      matches: selectionOf(query),
      version: Number(query.get('resourceVersion')),
      hasBookmarks: query.get('allowWatchBookmarks') === 'true',
      bookmarkMs: this.bookmarkMs,
      isDead: () => this.areWatchesDead,
      ...typeOf(kind),
    });
  }
}

const typeOf = (kind: string): { kind: string; apiVersion: string } =>
  KINDS[kind] ?? { kind, apiVersion: 'v1' };

function verbOf(method: string, name: string | null, isWatch: boolean): string {
  if (isWatch) return 'watch';
  if (method === 'GET') return name === null ? 'list' : 'get';
  return { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? method;
}

function fromQuery(query: URLSearchParams): DeleteOptions {
  const grace = query.get('gracePeriodSeconds');
  const propagationPolicy = query.get('propagationPolicy');
  return {
    ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
    ...(propagationPolicy !== null && { propagationPolicy }),
  };
}

/** By labels and fields, each as a selector of the form `a=b,c=d`. */
function selectionOf(query: URLSearchParams): (object: ApiObject) => boolean {
  const labels = pairsOf(query.get('labelSelector'));
  const fields = pairsOf(query.get('fieldSelector'));
  return (object) =>
    labels.every(([label, value]) => object.metadata.labels?.[label] === value) &&
    fields.every(([path, value]) => fieldOf(object, path) === value);
}

const pairsOf = (selector: string | null): [name: string, value: string][] =>
  (selector ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]);

const fieldOf = (object: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((of, member) => (of as Record<string, unknown> | undefined)?.[member], object);

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function answerProblem(response: ServerResponse, problem: ApiProblem): void {
  const { status: code, reason, message, headers } = problem;
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }),
  );
}
