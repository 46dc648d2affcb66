import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type Socket } from 'node:net';
import { freePort } from '#test/support/free-port.ts';
import { HttpHandler } from '#test/support/http-handler.ts';
import { until } from '#test/support/until.ts';
import { type CallResult, HandlerConnection } from './handler-connection.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n';
const bytes = (text: string): Buffer => Buffer.from(text);

describe('the connection to a handler', () => {
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  const startHandler = async (
    ...[answer]: Parameters<typeof HttpHandler.start>
  ): Promise<HttpHandler> => {
    const handler = await HttpHandler.start(answer);
    cleanups.push(() => handler.stop());
    return handler;
  };

  const connectTo = (port: number): HandlerConnection => {
    const connection = new HandlerConnection(port);
    cleanups.push(() => connection.destroy());
    return connection;
  };

  /** A server that speaks raw bytes: `talk` gets each connection's first bytes and its number. */
  const startRaw = async (talk: (socket: Socket, count: number) => void): Promise<number> => {
    let count = 0;
    const server: Server = createServer((socket) => {
      const number = ++count;
      socket.on('error', () => {});
      socket.on('data', () => talk(socket, number));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };

  it('sends the payload as it is, one call after the other on one connection', async () => {
    const handler = await startHandler();
    const connection = connectTo(handler.port);

    for (const payload of ['[9007199254740993]', '["ü"]', '']) {
      const result = await connection.send(HEAD, bytes(payload));
      expect(result).toEqual({ kind: 'answered', status: 200, text: '' });
    }

    expect(handler.requests.map(({ body }) => body)).toEqual(['[9007199254740993]', '["ü"]', '']);
    expect(handler.connectionCount).toBe(1);
  });

  it('hands over status and text of the answer', async () => {
    const handler = await startHandler((_, response) => response.writeHead(500).end('no luck'));
    const result = await connectTo(handler.port).send(HEAD, bytes('[]'));
    expect(result).toEqual({ kind: 'answered', status: 500, text: 'no luck' });
  });

  it('connects again when the handler closes the connection after its answer', async () => {
    const handler = await startHandler((_, response) =>
      response.writeHead(200, { connection: 'close' }).end(),
    );
    const connection = connectTo(handler.port);
    for (let call = 0; call < 3; call++) {
      expect(await connection.send(HEAD, bytes('[]'))).toMatchObject({ status: 200 });
    }
    expect(handler.connectionCount).toBe(3);
  });

  it('connects again when the handler closed the connection while it was idle', async () => {
    const handler = await startHandler();
    const connection = connectTo(handler.port);
    await connection.send(HEAD, bytes('[1]'));

    handler.closeIdleConnections();
    const result = await connection.send(HEAD, bytes('[2]'));

    expect(result).toMatchObject({ kind: 'answered', status: 200 });
    expect(handler.requests).toHaveLength(2);
  });

  it('asks once more when a reused connection breaks before a byte of an answer', async () => {
    const port = await startRaw((socket, connection) => {
      if (connection === 1 && socket.bytesWritten > 0) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const connection = connectTo(port);
    await connection.send(HEAD, bytes('[1]'));

    expect(await connection.send(HEAD, bytes('[2]'))).toMatchObject({ status: 200 });
  });

  it('does not ask again when a new connection breaks', async () => {
    let callCount = 0;
    const port = await startRaw((socket) => {
      callCount += 1;
      socket.resetAndDestroy();
    });

    const result = await connectTo(port).send(HEAD, bytes('[]'));

    expect(result.kind).toBe('unreachable');
    expect(callCount).toBe(1);
  });

  it.each([
    ['nobody listens', null],
    ['the answer ends halfway', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    ['the answer is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ])('says that the handler is unreachable when %s', async (_case, answer) => {
    const port =
      answer === null ? await freePort() : await startRaw((socket) => socket.end(answer));
    const connection = connectTo(port);

    const result = await connection.send(HEAD, bytes('[]'));

    expect(result).toEqual({ kind: 'unreachable', message: expect.any(String) });
  });

  it('cuts the call in flight when it is destroyed, and makes no other', async () => {
    const handler = await startHandler(() => {});
    const connection = connectTo(handler.port);
    const call: Promise<CallResult> = connection.send(HEAD, bytes('[]'));
    await until('the call', () => handler.requests.length === 1);

    connection.destroy();

    expect(await call).toEqual({ kind: 'cut' });
    expect(await connection.send(HEAD, bytes('[]'))).toEqual({ kind: 'cut' });
    expect(handler.requests).toHaveLength(1);
  });

  it('starts no call once it is halted, also none that waits for its connection', async () => {
    const handler = await startHandler();
    const connection = connectTo(handler.port);
    const call = connection.send(HEAD, bytes('[]'));

    connection.halt();

    expect(await call).toEqual({ kind: 'cut' });
    expect(await connection.send(HEAD, bytes('[]'))).toEqual({ kind: 'cut' });
    await connectTo(handler.port).send(HEAD, bytes('["later"]'));
    expect(handler.requests.map(({ body }) => body)).toEqual(['["later"]']);
  });

  it('lets the call in flight go on when it is halted', async () => {
    const answers: (() => void)[] = [];
    const handler = await startHandler((_, response) => {
      answers.push(() => response.end());
    });
    const connection = connectTo(handler.port);
    const call = connection.send(HEAD, bytes('[]'));
    await until('the call', () => handler.requests.length === 1);

    connection.halt();
    answers[0]?.();

    expect(await call).toMatchObject({ kind: 'answered', status: 200 });
  });

  it('does not ask once more when it was halted meanwhile', async () => {
    let callCount = 0;
    const port = await startRaw((socket) => {
      callCount += 1;
      if (callCount === 2) {
        connection.halt();
        socket.resetAndDestroy();
      } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const connection = connectTo(port);
    await connection.send(HEAD, bytes('[1]'));

    expect((await connection.send(HEAD, bytes('[2]'))).kind).not.toBe('answered');
    expect(callCount).toBe(2);
  });
});
