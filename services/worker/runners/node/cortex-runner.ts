import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/*
 * Serves a handler written as a class to a worker: `node cortex-runner.js <handler.ts>`.
 *
 * Environment: CORTEX_PORT, where to listen; CORTEX_CONFIG and CORTEX_JOB_SPEC, JSON files with the
 * handler's configuration and the job. It imports nothing but Node, so that it can be copied
 * anywhere. Node itself strips the types of a handler in TypeScript.
 */

/** What the handler's file exports by default. */
interface Handler {
  handleBatch(payload: unknown, batchId: string | undefined): unknown;
  onJobComplete?(): unknown;
}
type HandlerClass = new (config: unknown, jobSpec: unknown) => Handler;

class BadHandler extends Error {}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function loadHandlerClass(path: string): Promise<HandlerClass> {
  const module: unknown = await import(pathToFileURL(resolve(path)).href);
  const handlerClass =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : null;
  if (!isHandlerClass(handlerClass)) {
    throw new BadHandler(`${path}: Handler class is not defined; export it as default`);
  }
  if (typeof handlerClass.prototype.handleBatch !== 'function') {
    throw new BadHandler(`${path}: required method "handleBatch" is not defined in Handler class`);
  }
  return handlerClass;
}

const isHandlerClass = (value: unknown): value is HandlerClass & { readonly prototype: Handler } =>
  typeof value === 'function' && 'prototype' in value && value.prototype !== undefined;

function readJson(file: string | undefined): unknown {
  return file === undefined || file === '' ? null : JSON.parse(readFileSync(file, 'utf8'));
}

async function answer(handler: Handler, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const [route] = (request.url ?? '/').split('?');
  if (route !== '/' && route !== '/on-job-complete') return { status: 404, text: 'no such path' };
  if (request.method !== 'POST') return { status: 405, text: 'only POST' };
  if (route === '/on-job-complete') {
    return typeof handler.onJobComplete === 'function'
      ? run(() => handler.onJobComplete?.())
      : { status: 404, text: 'onJobComplete is not defined' };
  }
  let payload: unknown;
  try {
    payload = JSON.parse(body.toString('utf8'));
  } catch (error) {
    return { status: 400, text: `the batch is not JSON: ${String(error)}` };
  }
  const batchId = request.headers['x-cortex-batch-id'];
  return run(() => handler.handleBatch(payload, typeof batchId === 'string' ? batchId : undefined));
}

async function run(work: () => unknown): Promise<Answer> {
  try {
    await work();
    return { status: 200, text: '' };
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return { status: 500, text: String(error) };
  }
}

async function respond(
  handler: Handler,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  const { status, text } = await answer(handler, request, body);
  response.statusCode = status;
  response.end(text);
}

function serve(handler: Handler, port: number): void {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => void respond(handler, request, response, Buffer.concat(pieces)));
  });
  server.requestTimeout = 0; // The worker decides how long to wait, not the server.
  server.keepAliveTimeout = 0;
  server.listen(port, '127.0.0.1');
}

const path = process.argv[2] ?? '';
try {
  const HandlerOfUser = await loadHandlerClass(path);
  const config = readJson(process.env['CORTEX_CONFIG']) ?? {};
  const handler = new HandlerOfUser(config, readJson(process.env['CORTEX_JOB_SPEC']));
  serve(handler, Number(process.env['CORTEX_PORT']));
} catch (error) {
  const shown = error instanceof BadHandler ? `error: ${error.message}` : error;
  process.stderr.write(
    `${shown instanceof Error ? (shown.stack ?? shown.message) : String(shown)}\n`,
  );
  process.exit(1);
}
