import { connect, type Socket } from 'node:net';
import { HttpResponse } from './http-response.ts';

/**
 * Servers close idle connections: gunicorn after 2 s, Node and uvicorn after 5 s. A request that
 * crosses with the close is lost, so a connection that was idle this long is not used again.
 */
const IDLE_MS_MAX = 1000;
/** A reused connection that breaks this soon, without a byte in answer, was being closed already. */
const STALE_MS_MAX = 100;

/** What became of a call. */
export type CallResult =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  /** No connection, or it broke before the answer was complete. */
  | { readonly kind: 'unreachable'; readonly message: string }
  /** `destroy` was called meanwhile, or `halt` before it was on its way. */
  | { readonly kind: 'cut' };

/** Where the calls of a handler go, one at a time. */
export interface HandlerCalls {
  /** Never rejects. @param head request line and headers, up to but not including `Content-Length` */
  send(head: string, payload: Uint8Array): Promise<CallResult>;
  /** From here on no call starts; one that is still waiting for its connection resolves as `cut`. */
  halt(): void;
  /** Breaks the call in flight, which resolves as `cut`, and makes no further ones. */
  destroy(): void;
}

interface Call {
  readonly head: string;
  readonly payload: Uint8Array;
  readonly isRetry: boolean;
  readonly startedAt: number;
  readonly wasReused: boolean;
  readonly response: HttpResponse;
  hasBytes: boolean;
  readonly resolve: (result: CallResult) => void;
}

/** A keep-alive connection to the handler, one call at a time, for as long as the handler takes. */
export class HandlerConnection implements HandlerCalls {
  private socket: Socket | null = null;
  private call: Call | null = null;
  private isHalted = false;
  private lastUsedAt = 0;

  constructor(private readonly port: number) {}

  send(head: string, payload: Uint8Array): Promise<CallResult> {
    if (this.isHalted) return Promise.resolve({ kind: 'cut' });
    return new Promise((resolve) => this.start(head, payload, { isRetry: false, resolve }));
  }

  halt(): void {
    this.isHalted = true;
    // What was written to it is sent when it opens, as late as that may be.
    if (this.socket?.connecting === true) this.destroy();
  }

  destroy(): void {
    this.isHalted = true;
    this.drop();
    this.settle({ kind: 'cut' });
  }

  private start(
    head: string,
    payload: Uint8Array,
    { isRetry, resolve }: Pick<Call, 'isRetry' | 'resolve'>,
  ): void {
    const startedAt = performance.now();
    if (this.socket !== null && startedAt - this.lastUsedAt > IDLE_MS_MAX) this.drop();
    const wasReused = this.socket !== null;
    const socket = (this.socket ??= this.open());
    this.call = {
      head,
      payload,
      isRetry,
      startedAt,
      wasReused,
      response: new HttpResponse(),
      hasBytes: false,
      resolve,
    };
    socket.write(requestBytes(head, payload));
  }

  private open(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    let problem = 'the handler closed the connection';
    socket.on('data', (piece) => {
      if (this.socket === socket) this.read(piece);
    });
    socket.on('error', (error) => (problem = error.message));
    socket.on('end', () => {
      if (this.socket === socket && this.call?.response.end() === true) this.complete(this.call);
    });
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.broken(problem);
    });
    return socket;
  }

  private read(piece: Buffer): void {
    const { call } = this;
    if (call === null) return this.drop(); // An answer to nothing, such as a timeout notice.
    call.hasBytes = true;
    try {
      if (call.response.push(piece)) this.complete(call);
    } catch (error) {
      this.drop();
      this.settle({
        kind: 'unreachable',
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }

  private complete({ response }: Call): void {
    this.lastUsedAt = performance.now();
    if (!response.isReusable) this.drop();
    this.settle({ kind: 'answered', status: response.status, text: response.text });
  }

  private broken(message: string): void {
    const { call } = this;
    if (call === null) return;
    const isStale =
      call.wasReused && !call.hasBytes && performance.now() - call.startedAt < STALE_MS_MAX;
    if (isStale && !call.isRetry) {
      if (this.isHalted) return this.settle({ kind: 'cut' });
      this.start(call.head, call.payload, { isRetry: true, resolve: call.resolve });
      return;
    }
    this.settle({ kind: 'unreachable', message });
  }

  private settle(result: CallResult): void {
    const { call } = this;
    this.call = null;
    call?.resolve(result);
  }

  private drop(): void {
    const { socket } = this;
    this.socket = null;
    socket?.destroy();
  }
}

/** One piece of memory is one system call. */
function requestBytes(head: string, payload: Uint8Array): Buffer {
  const fullHead = `${head}Content-Length: ${payload.length}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(fullHead.length + payload.length);
  bytes.write(fullHead, 'latin1');
  bytes.set(payload, fullHead.length);
  return bytes;
}
