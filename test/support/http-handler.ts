import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** A request as a handler sees it. */
export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real HTTP server in this process that stands for a user's handler. */
export class HttpHandler {
  readonly requests: SeenRequest[] = [];
  /** How many connections it has accepted. */
  connectionCount = 0;
  private readonly server: Server;

  private constructor(answer: (request: SeenRequest, response: ServerResponse) => void) {
    this.server = createServer((incoming, response) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('end', () => {
        const { url = '', headers } = incoming;
        const request = { url, headers, body: Buffer.concat(pieces).toString() };
        this.requests.push(request);
        answer(request, response);
      });
    });
    this.server.on('connection', () => (this.connectionCount += 1));
  }

  /** @param answer answers with an empty 200 unless given */
  static async start(
    answer: (request: SeenRequest, response: ServerResponse) => void = (_, response) =>
      response.end(),
    port = 0,
  ): Promise<HttpHandler> {
    const handler = new HttpHandler(answer);
    await new Promise<void>((resolve) => handler.server.listen(port, '127.0.0.1', resolve));
    return handler;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  closeIdleConnections(): void {
    this.server.closeIdleConnections();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
