import { createServer } from 'node:net';

/** Ports for handlers to listen on: free now, and given to one worker at a time. */
export class HandlerPorts {
  private readonly taken = new Set<number>();

  async take(): Promise<number> {
    for (;;) {
      const port = await unusedPort();
      if (this.taken.has(port)) continue;
      this.taken.add(port);
      return port;
    }
  }

  giveBack(port: number): void {
    this.taken.delete(port);
  }
}

/** The system chooses; between this and the handler's bind another program may be faster, and then the handler is restarted with another. */
function unusedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
