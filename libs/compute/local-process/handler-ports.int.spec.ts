import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HandlerPorts } from './handler-ports.ts';

/** As another scheduler on this machine would choose next. */
const choosesNext = (ports: HandlerPorts, port: number): HandlerPorts =>
  Object.assign(ports, { next: port });

describe('HandlerPorts', () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0)) await step();
  });
  const take = async (ports: HandlerPorts): Promise<number> => {
    const port = await ports.take();
    undo.push(() => ports.giveBack(port));
    return port;
  };

  it('gives no port to two workers, of one scheduler or of two', async () => {
    const mine = new HandlerPorts();
    const port = await take(mine);
    expect(await take(choosesNext(new HandlerPorts(), port))).toBe(port + 1);
    expect(await take(choosesNext(mine, port))).toBe(port + 2);
  });

  it('gives a port again that was given back', async () => {
    const mine = new HandlerPorts();
    const port = await mine.take();
    mine.giveBack(port);
    expect(await take(choosesNext(new HandlerPorts(), port))).toBe(port);
  });

  it('passes over a port that a program listens at', async () => {
    const mine = new HandlerPorts();
    const port = await mine.take();
    mine.giveBack(port);
    const server = createServer();
    undo.push(() => new Promise((resolve) => server.close(resolve)));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await take(choosesNext(mine, port))).toBe(port + 1);
    expect(await take(choosesNext(new HandlerPorts(), port))).toBe(port + 2);
  });

  it('gives many workers that start at once a port each', async () => {
    const schedulers = [new HandlerPorts(), new HandlerPorts()];
    const ports = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        take(choosesNext(schedulers[n % 2] ?? new HandlerPorts(), 25_000)),
      ),
    );
    expect(new Set(ports).size).toBe(100);
  });
});
