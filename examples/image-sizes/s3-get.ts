import { type BinaryLike, createHash, createHmac } from 'node:crypto';

/*
 * A signed GetObject without any package, so that this folder is all that is deployed. It reads
 * credentials from the environment only; for profiles and roles use @aws-sdk/client-s3.
 */

const ATTEMPTS_MAX = 3;
const RETRY_MS = 200;
const EMPTY_SHA256 = createHash('sha256').digest('hex');

/**
 * The first bytes of an object.
 *
 * @param path `s3://bucket/key`
 */
export async function getStart(path: string, sizeBytes: number): Promise<Buffer> {
  const url = urlOf(path);
  for (let attempt = 1; ; attempt++) {
    const headers = { ...signed(url, new Date(), process.env), range: `bytes=0-${sizeBytes - 1}` };
    try {
      const answer = await fetch(url, { headers });
      if (answer.ok) return Buffer.from(await answer.arrayBuffer());
      throw new Error(`S3 says ${answer.status}: ${await answer.text()}`);
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw new Error(`cannot read ${path}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS * 2 ** attempt));
  }
}

const regionOf = (env: NodeJS.ProcessEnv): string => env['AWS_REGION'] ?? 'us-east-1';

/** Path style, which S3 and every store like it understand. */
function urlOf(path: string): URL {
  const { env } = process;
  const endpoint =
    env['AWS_ENDPOINT_URL_S3'] ??
    env['AWS_ENDPOINT_URL'] ??
    `https://s3.${regionOf(env)}.amazonaws.com`;
  const [, location = ''] = /^s3:\/\/(.+)$/s.exec(path) ?? [];
  return new URL(`/${location.split('/').map(encode).join('/')}`, endpoint);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
export function signed(url: URL, now: Date, env: NodeJS.ProcessEnv): Record<string, string> {
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = env;
  const token = env['AWS_SESSION_TOKEN'];
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'x-amz-content-sha256': EMPTY_SHA256,
    'x-amz-date': time,
    ...(token !== undefined && { 'x-amz-security-token': token }),
  };
  const lines = Object.entries({ host: url.host, ...headers });
  const names = lines.map(([name]) => name).join(';');
  const canonical = [
    'GET',
    url.pathname,
    '',
    ...lines.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    EMPTY_SHA256,
  ].join('\n');
  const scope = `${time.slice(0, 8)}/${regionOf(env)}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<BinaryLike>((parent, part) => hmac(parent, part), `AWS4${secret}`);
  const signature = hmac(key, text).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}

/** As AWS encodes paths: of the marks, only `-_.~` stay. */
const encode = (segment: string): string =>
  encodeURIComponent(segment).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: BinaryLike, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
