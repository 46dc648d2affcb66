import { randomInt } from 'node:crypto';
import { createServer, type ListenOptions, type Server } from 'node:net';

/**
 * Below what systems give to connections and to programs that ask for any port (from 32768 on Linux,
 * 49152 elsewhere), and below the node ports of Kubernetes (from 30000).
 */
const RANGE = { first: 20_000, end: 30_000 };

/** Somebody else has it. */
const TAKEN_CODES: ReadonlySet<unknown> = new Set(['EADDRINUSE', 'EACCES']);

/** No port is free for a handler. */
export class NoPortFree extends Error {
  override readonly name = 'NoPortFree';
  constructor() {
    super(`every port from ${RANGE.first} to ${RANGE.end - 1} is taken on this machine`);
  }
}

/**
 * Ports for handlers to listen on: free now, and given to one worker at a time.
 *
 * A handler binds its port a while after it was chosen. Were it chosen twice, the slower handler would
 * fail, and until that is noticed its worker would call the other one, which is of another job. So a
 * port is held by a lock that every scheduler on this machine sees: a socket in Linux' abstract name
 * space, which like ports is of a network name space, and is gone with its process. Elsewhere only the
 * schedulers' choice by chance keeps two of them apart.
 */
export class HandlerPorts {
  private readonly locks = new Map<number, Server | null>();
  private next = randomInt(RANGE.first, RANGE.end);

  /** @throws NoPortFree */
  async take(): Promise<number> {
    for (let tries = RANGE.first; tries < RANGE.end; tries++) {
      const port = this.next;
      // In turn, so that a port rests after its use: late calls for the last handler find nobody.
      this.next = port + 1 === RANGE.end ? RANGE.first : port + 1;
      if (this.locks.has(port)) continue;
      this.locks.set(port, null);
      let isHeld = false;
      try {
        isHeld = await this.hold(port);
      } finally {
        if (!isHeld) this.giveBack(port);
      }
      if (isHeld) return port;
    }
    throw new NoPortFree();
  }

  giveBack(port: number): void {
    this.locks.get(port)?.close();
    this.locks.delete(port);
  }

  private async hold(port: number): Promise<boolean> {
    if (process.platform === 'linux') {
      const lock = await listening({ path: `\0cortex-batch-handler-port-${port}` });
      if (lock === null) return false;
      this.locks.set(port, lock.unref());
    }
    const trial = await listening({ port, host: '127.0.0.1' });
    if (trial !== null) await new Promise((resolve) => trial.close(resolve));
    return trial !== null;
  }
}

/** `null` when somebody else listens there. */
function listening(where: ListenOptions): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      TAKEN_CODES.has(error.code) ? resolve(null) : reject(error),
    );
    server.listen(where, () => resolve(server));
  });
}
