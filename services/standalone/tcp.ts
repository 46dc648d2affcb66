import { connect, createServer } from 'node:net';

const CONNECT_MS_MAX = 1000;

/** Whether this process could listen there now. */
export function isPortFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Whether a NATS server greets there, which it does once it serves clients. */
export function isNatsServing(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const answer = (isServing: boolean): void => {
      socket.destroy();
      resolve(isServing);
    };
    socket.setTimeout(CONNECT_MS_MAX, () => answer(false));
    socket.once('data', (greeting) => answer(greeting.toString('latin1').startsWith('INFO ')));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
}
