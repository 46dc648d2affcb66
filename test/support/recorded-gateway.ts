import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';

export interface RecordedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes go as they are; anything else as JSON. */
  readonly body: unknown;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type AnswerSource = RecordedAnswer | ((request: ReceivedRequest) => RecordedAnswer);

/** An HTTP server that gives prepared answers, and keeps what it was asked. */
export class RecordedGateway {
  readonly received: ReceivedRequest[] = [];
  private readonly answers = new Map<string, AnswerSource>();

  private constructor(private readonly server: Server) {}

  static async start(port = 0): Promise<RecordedGateway> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const received = { method, url, headers, body: Buffer.concat(chunks) };
        const { status = 200, headers: extra, body } = gateway.answerTo(received);
        const isRaw = typeof body === 'string' || body instanceof Uint8Array;
        response.writeHead(status, { 'content-type': 'application/json', ...extra });
        response.end(isRaw ? body : JSON.stringify(body));
      });
    });
    const gateway = new RecordedGateway(server);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return gateway;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** @param route method and URL with its query, e.g. `GET /v1/apis` */
  on(route: string, answer: AnswerSource): this {
    this.answers.set(route, answer);
    return this;
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private answerTo(request: ReceivedRequest): RecordedAnswer {
    this.received.push(request);
    const answer = this.answers.get(`${request.method} ${request.url}`);
    if (typeof answer === 'function') return answer(request);
    return answer ?? { status: 404, body: { kind: 'route.not_found', message: request.url } };
  }
}
