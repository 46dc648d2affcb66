import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import type { KubeConfig } from '@kubernetes/client-node';
import type { ApiObject } from './api-objects.ts';

export interface RestAnswer {
  readonly status: number;
  readonly body: ApiObject & { readonly items?: ApiObject[] };
}

const ANSWER_MS_MAX = 30_000;

/** Plain requests to an API server, ours or a real one, for what stands for the rest of a cluster. */
export class Rest {
  constructor(
    private readonly config: KubeConfig,
    private readonly namespace: string,
  ) {}

  /** @param path e.g. `pods`, `pods/<name>/status` */
  async send(method: string, path: string, body?: object): Promise<RestAnswer> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const options = await this.options(method, type);
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      const request = this.open(this.urlOf(path), { ...options, signal });
      request.once('error', reject);
      request.once('response', (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.once('error', reject);
        response.once('end', () => {
          resolve(answerOf(response.statusCode ?? 0, Buffer.concat(pieces).toString()));
        });
      });
      request.end(body === undefined ? '' : JSON.stringify(body));
    });
  }

  /** @throws Error unless it was made */
  async create(path: string, body: object): Promise<void> {
    const { status, body: answer } = await this.send('POST', path, body);
    if (status >= 300)
      throw new Error(`cannot create ${path}: ${status} ${String(answer['message'])}`);
  }

  async list(kind: string): Promise<ApiObject[]> {
    return (await this.send('GET', kind)).body.items ?? [];
  }

  /** Calls `onEvent` on every event of a kind until `signal` aborts; starts again when a watch ends. */
  async watch(kind: string, onEvent: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.watchOnce(kind, onEvent, signal).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private async watchOnce(kind: string, onEvent: () => void, signal: AbortSignal): Promise<void> {
    const { metadata } = (await this.send('GET', kind)).body;
    onEvent();
    const options = await this.options('GET', 'application/json');
    const url = this.urlOf(`${kind}?watch=true&resourceVersion=${metadata.resourceVersion}`);
    await new Promise<void>((resolve) => {
      const request = this.open(url, { ...options, signal });
      request.once('error', () => resolve());
      request.once('response', (response) => {
        response.once('error', () => resolve());
        response.once('close', () => resolve());
        createInterface(response)
          .on('line', onEvent)
          .on('error', () => {});
      });
      request.end();
    });
  }

  private urlOf(path: string): URL {
    const group = path.startsWith('jobs') ? 'apis/batch/v1' : 'api/v1';
    const { server = '' } = this.config.getCurrentCluster() ?? {};
    if (path.startsWith('/')) return new URL(server + path);
    return new URL(`${server}/${group}/namespaces/${this.namespace}/${path}`);
  }

  private open(url: URL, options: RequestOptions): ReturnType<typeof httpRequest> {
    return url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
  }

  private async options(method: string, contentType: string): Promise<RequestOptions> {
    const given: Record<string, string> = {};
    const options: RequestOptions = { method, headers: given };
    await this.config.applyToHTTPSOptions(options);
    const headers = { ...given, 'content-type': contentType };
    // The client's agent knows the certificates, and is for https alone.
    const isPlain = this.config.getCurrentCluster()?.server.startsWith('http://') === true;
    return { ...options, headers, ...(isPlain && { agent: false }) };
  }
}

/** What is no JSON, such as the word of a health check, is an answer without a body. */
function answerOf(status: number, text: string): RestAnswer {
  try {
    return { status, body: JSON.parse(text) };
  } catch {
    return { status, body: JSON.parse('{}') };
  }
}
