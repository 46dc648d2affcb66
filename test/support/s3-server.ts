import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { s3Client } from '#libs/platform/aws/s3-client.ts';
import { awsEnvironment } from './aws-server.ts';
import { type GeneratedKeys, indexBehind, listingXml } from './s3-listing.ts';

export interface GeneratedObject {
  readonly sizeBytes: number;
  /** The bytes from an offset on; what is larger than a few hundred KiB costs the least. */
  readonly bytes: (offsetBytes: number) => Iterable<Uint8Array>;
  readonly contentEncoding?: string;
}

/** What S3 answers for every object and listing that was not declared otherwise. */
const ETAG = '"0123456789abcdef0123456789abcdef"';

/**
 * The reading half of S3, for objects and listings that no store would hold in a test: bytes and
 * keys are made when they are asked for. Buckets are named in the path. It does what S3 does where
 * fauxqs does not: keys in the order of their UTF-8 bytes, encoded when asked.
 */
export class S3TestServer {
  /** `GET /bucket?prefix=…`, as it was asked. */
  readonly requests: string[] = [];
  private readonly listings = new Map<string, GeneratedKeys>();
  private readonly objects = new Map<string, GeneratedObject>();

  private constructor(private readonly server: Server) {}

  static async start(port = 0): Promise<S3TestServer> {
    const server = createServer({ noDelay: true });
    const started = new S3TestServer(server);
    server.on('request', (request, response) => void started.answer(request, response));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return started;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  get env() {
    return awsEnvironment(this.url);
  }

  /** A client of its own each time. */
  client(): S3Client {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const explicit = { endpoint: this.url, region: 'us-east-1', credentials };
    return s3Client({ isPathStyle: true, attemptsMax: 1 }, explicit);
  }

  /** Makes a bucket of these keys; each is an object of one byte unless `putObject` says more. */
  putListing(bucket: string, keys: GeneratedKeys): void {
    this.listings.set(bucket, keys);
  }

  /** Makes an object, and a bucket of it alone unless there is one. */
  putObject(bucket: string, key: string, object: GeneratedObject): void {
    this.objects.set(`${bucket}/${key}`, object);
    if (!this.listings.has(bucket))
      this.listings.set(bucket, {
        count: 1,
        keyAt: () => key,
        sizeBytesAt: () => object.sizeBytes,
      });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    this.requests.push(`${request.method} ${decodeURIComponent(request.url ?? '')}`);
    const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/s.exec(pathname) ?? [];
    const keys = this.listings.get(bucket);
    if (keys === undefined) return refuse(response, 404, 'NoSuchBucket');
    if (key === '') return list(response, { bucket, keys, query: searchParams });
    const object =
      this.objects.get(`${bucket}/${decodeURIComponent(key)}`) ??
      listedObject(keys, decodeURIComponent(key));
    if (object === null) return refuse(response, 404, 'NoSuchKey');
    await give(request, response, object);
  }
}

/** `block` again and again; costs nothing to make. */
export const repeated = (block: Uint8Array, sizeBytes: number): GeneratedObject => ({
  sizeBytes,
  *bytes(offsetBytes) {
    for (let at = offsetBytes; at < sizeBytes;) {
      const from = at % block.length;
      const piece = block.subarray(from, Math.min(block.length, from + sizeBytes - at));
      yield piece;
      at += piece.length;
    }
  },
});

const listedObject = (keys: GeneratedKeys, key: string): GeneratedObject | null => {
  const index = indexBehind(keys, key) - 1;
  if (index < 0 || keys.keyAt(index) !== key) return null;
  return repeated(Buffer.from('.'), keys.sizeBytesAt?.(index) ?? 1);
};

function list(
  response: ServerResponse,
  asked: { bucket: string; keys: GeneratedKeys; query: URLSearchParams },
): void {
  const body = listingXml({ ...asked, etag: ETAG });
  response.writeHead(200, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

async function give(
  request: IncomingMessage,
  response: ServerResponse,
  { sizeBytes, bytes, contentEncoding }: GeneratedObject,
): Promise<void> {
  const { range, 'if-match': ifMatch = ETAG } = request.headers;
  if (ifMatch !== ETAG) return refuse(response, 412, 'PreconditionFailed');
  const offset = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (range !== undefined && offset >= sizeBytes) return refuse(response, 416, 'InvalidRange');
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': sizeBytes - offset,
    'accept-ranges': 'bytes',
    'last-modified': 'Tue, 01 Jan 2030 00:00:00 GMT',
    etag: ETAG,
    ...(range !== undefined && {
      'content-range': `bytes ${offset}-${sizeBytes - 1}/${sizeBytes}`,
    }),
    ...(contentEncoding !== undefined && { 'content-encoding': contentEncoding }),
  });
  if (request.method === 'HEAD') return void response.end();
  for (const piece of bytes(offset)) {
    if (response.destroyed) return;
    if (!response.write(piece)) await writable(response);
  }
  response.end();
}

/** Also when the client has gone. */
const writable = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  );
}
