import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { sqsClient } from '#libs/platform/aws/sqs-client.ts';

type Json = Record<string, unknown>;

export interface SqsRequest {
  /** `SendMessageBatch`, … */
  readonly action: string;
  readonly body: Json;
  readonly atMs: number;
}

export type SqsFault =
  /** The proxy answers itself, as SQS words its errors. */
  | { readonly kind: 'refuse'; readonly code: string; readonly status?: number }
  /** The server does what it is asked, but its answer is lost. */
  | { readonly kind: 'lose-answer' }
  /** The entries of these positions do not reach the server and are reported as failed. */
  | {
      readonly kind: 'fail-entries';
      readonly positions: readonly number[];
      readonly code: string;
      readonly isSenderFault: boolean;
    }
  /** The answer as the test changes it. */
  | { readonly kind: 'alter'; readonly answer: (real: Json) => Json };

/** An HTTP proxy in front of a real SQS server, which spoils the requests that a test names. */
export class SqsProxy {
  readonly requests: SqsRequest[] = [];
  readonly client: SQSClient;
  private faultOf: (request: SqsRequest) => SqsFault | null = () => null;

  private constructor(
    private readonly server: Server,
    private readonly targetUrl: string,
    private readonly port: number,
  ) {
    this.client = this.clientOf({ attemptsMax: 1 }); // What is repeated the code under test repeats.
  }

  clientOf({ attemptsMax }: { readonly attemptsMax: number }): SQSClient {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const endpoint = `http://127.0.0.1:${this.port}`;
    const config = { isPathStyle: true, attemptsMax };
    return sqsClient(config, { endpoint, region: 'us-east-1', credentials });
  }

  static async start(targetUrl: string): Promise<SqsProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const proxy = new SqsProxy(server, targetUrl, port);
    server.on('request', (request, response) => void proxy.pass(request, response));
    return proxy;
  }

  /** From now on, instead of what was set before; `null` lets a request pass. */
  spoil(faultOf: (request: SqsRequest) => SqsFault | null): void {
    this.faultOf = faultOf;
  }

  /** Spoils the next requests of that action, in this order, and lets the rest pass. */
  spoilNext(action: string, ...faults: readonly SqsFault[]): void {
    const left = [...faults];
    this.spoil((request) => (request.action === action ? (left.shift() ?? null) : null));
  }

  requestsOf(action: string): readonly SqsRequest[] {
    return this.requests.filter((request) => request.action === action);
  }

  async stop(): Promise<void> {
    this.client.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = String(incoming.headers['x-amz-target']).replace('AmazonSQS.', '');
    const body = JSON.parse(await textOf(incoming)) as Json;
    const request = { action, body, atMs: performance.now() };
    this.requests.push(request);
    const fault = this.faultOf(request);
    if (fault?.kind === 'refuse') return refuse(response, fault);
    const failing = fault?.kind === 'fail-entries' ? fault : null;
    try {
      const real = await this.forward(incoming, failing === null ? body : without(body, failing));
      if (fault?.kind === 'lose-answer') return void response.socket?.resetAndDestroy();
      const answer = failing === null ? real.body : withFailures(body, real.body, failing);
      response.writeHead(real.status, real.headers);
      response.end(JSON.stringify(fault?.kind === 'alter' ? fault.answer(answer) : answer));
    } catch {
      response.destroy(); // The server is gone.
    }
  }

  private async forward({ headers }: IncomingMessage, body: Json) {
    const entries = body['Entries'];
    if (Array.isArray(entries) && entries.length === 0)
      return { status: 200, headers: {}, body: {} };
    const answer = await fetch(this.targetUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': String(headers['x-amz-target']),
        authorization: String(headers.authorization),
      },
      body: JSON.stringify(body),
    });
    const error = answer.headers.get('x-amzn-query-error');
    return {
      status: answer.status,
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        ...(error !== null && { 'x-amzn-query-error': error }),
      },
      body: (await answer.json()) as Json,
    };
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

function refuse(
  response: ServerResponse,
  { code, status = 400 }: Extract<SqsFault, { kind: 'refuse' }>,
): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-query-error': `${code};Sender`,
  });
  response.end(
    JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: `${code} of a test` }),
  );
}

type FailedEntries = Extract<SqsFault, { kind: 'fail-entries' }>;

const entriesOf = (body: Json): readonly { readonly Id: string }[] =>
  body['Entries'] as readonly { readonly Id: string }[];

const without = (body: Json, { positions }: FailedEntries): Json => ({
  ...body,
  Entries: entriesOf(body).filter((_, position) => !positions.includes(position)),
});

const withFailures = (
  body: Json,
  answer: Json,
  { positions, code, isSenderFault }: FailedEntries,
): Json => ({
  Successful: [],
  ...answer,
  Failed: entriesOf(body)
    .filter((_, position) => positions.includes(position))
    .map(({ Id }) => ({
      Id,
      Code: code,
      Message: `${code} of a test`,
      SenderFault: isSenderFault,
    })),
});
