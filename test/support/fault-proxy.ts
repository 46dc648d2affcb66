import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from 'node:http';

export interface ProxiedRequest {
  readonly method: string;
  /** With the query, decoded. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export type Fault =
  /** The proxy answers itself, as S3 words its errors. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly code: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** So much of the real body arrives, then the connection is reset. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** So much of the real body arrives, then the connection is closed. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** So much of the real body arrives, and the answer says that this is all. */
  | { readonly kind: 'shorten'; readonly afterBytes: number }
  /** So much of the real body arrives, then nothing. */
  | { readonly kind: 'silence'; readonly afterBytes: number }
  /** The real answer with other headers; `null` takes one away. */
  | { readonly kind: 'alter'; readonly headers: Readonly<Record<string, string | null>> };

type PartialBody = Extract<Fault, { afterBytes: number }>;

/** An HTTP proxy in front of a real server, which spoils the answers that a test names. */
export class FaultProxy {
  readonly requests: ProxiedRequest[] = [];
  resetCount = 0;
  /** Requests whose answer is under way. */
  openCount = 0;
  private faultOf: (request: ProxiedRequest) => Fault | null = () => null;

  private constructor(
    private readonly server: Server,
    private readonly targetUrl: string,
  ) {}

  static async start(targetUrl: string): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server, targetUrl);
    server.on('request', (request, response) => proxy.pass(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  /** From now on, instead of what was set before; `null` lets a request pass. */
  spoil(faultOf: (request: ProxiedRequest) => Fault | null): void {
    this.faultOf = faultOf;
  }

  /** Spoils the requests to come in this order and lets the rest pass. */
  spoilNext(...faults: readonly Fault[]): void {
    const left = [...faults];
    this.spoil(() => left.shift() ?? null);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: decodeURIComponent(url), headers };
    this.requests.push(request);
    this.openCount += 1;
    response.on('close', () => (this.openCount -= 1));
    const fault = this.faultOf(request);
    if (fault?.kind === 'answer') {
      incoming.resume();
      return answer(response, fault);
    }
    const outgoing = requestOf(`${this.targetUrl}${url}`, { method, headers }, (real) =>
      this.forward(real, response, fault),
    );
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  private forward(
    real: IncomingMessage,
    response: ServerResponse,
    fault: Exclude<Fault, { kind: 'answer' }> | null,
  ): void {
    response.statusCode = real.statusCode ?? 502;
    const headers = { ...real.headers, ...(fault?.kind === 'alter' && fault.headers) };
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined && value !== null) response.setHeader(name, value);
    if (fault === null || fault.kind === 'alter') real.pipe(response);
    else this.passPart(real, response, fault);
  }

  private passPart(
    real: IncomingMessage,
    response: ServerResponse,
    { kind, afterBytes }: PartialBody,
  ): void {
    if (kind === 'shorten') response.setHeader('content-length', afterBytes);
    const pieces: Buffer[] = [];
    real.on('data', (piece: Buffer) => pieces.push(piece));
    real.on('end', () => {
      const part = Buffer.concat(pieces).subarray(0, afterBytes);
      response.flushHeaders();
      response.write(part, () => {
        if (kind === 'reset') this.reset(response);
        else if (kind === 'truncate') response.socket?.end();
        else if (kind === 'shorten') response.end();
      });
    });
  }

  private reset(response: ServerResponse): void {
    response.socket?.resetAndDestroy();
    this.resetCount += 1;
  }
}

function answer(
  response: ServerResponse,
  { status, code, headers }: Extract<Fault, { kind: 'answer' }>,
): void {
  response.writeHead(status, { 'content-type': 'application/xml', ...headers });
  response.end(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} of a test</Message></Error>`,
  );
}
