import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that goes silent towards the client once the client has sent `trigger`: what was sent
 * arrives, the answer does not. It makes the moment between an append and its answer last.
 */
export class HoldingProxy {
  private isHolding = false;
  private readonly sockets = new Set<Socket>();
  private onHold: () => void = () => {};
  /** Resolves when the trigger was passed on. */
  readonly held = new Promise<void>((resolve) => {
    this.onHold = resolve;
  });

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(target: { readonly port: number; readonly trigger: string }) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const proxy = new HoldingProxy(server, port);
    server.on('connection', (client) => proxy.join(client, target));
    return proxy;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket, target: { readonly port: number; readonly trigger: string }): void {
    const upstream = connect(target.port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (data) => {
      if (data.includes(target.trigger)) {
        this.isHolding = true;
        this.onHold();
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!this.isHolding) client.write(data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }
}
