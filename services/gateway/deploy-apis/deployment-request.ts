import { type HttpRequest, readBody } from '../http-message.ts';
import { badRequest, RequestRefused } from '../request-refused.ts';
import { CODE_BYTES_MAX } from './code-archive.ts';

/** What `PUT /v1/apis` was sent. */
export interface DeploymentRequest {
  readonly config: Uint8Array;
  readonly isJson: boolean;
  readonly code: Uint8Array | null;
}

/** 1 MiB. */
const CONFIG_BYTES_MAX = 1_048_576;
type Part = NonNullable<ReturnType<FormData['get']>>;

/** Headers and boundaries of the parts. */
const FRAMING_BYTES_MAX = 65_536;

/** @throws RequestRefused when the parts are not as they have to be, or too large */
export async function readDeploymentRequest(request: HttpRequest): Promise<DeploymentRequest> {
  const contentType = request.headers['content-type'] ?? '';
  if (contentType.toLowerCase().startsWith('multipart/form-data')) {
    return readParts(request, contentType);
  }
  const config = await readBody(request, CONFIG_BYTES_MAX);
  return { config, isJson: isJsonType(contentType), code: null };
}

async function readParts(request: HttpRequest, contentType: string): Promise<DeploymentRequest> {
  const body = await readBody(request, CONFIG_BYTES_MAX + CODE_BYTES_MAX + FRAMING_BYTES_MAX);
  const form = await parseForm(body, contentType);
  for (const name of form.keys()) {
    if (name !== 'config' && name !== 'code') {
      throw badRequest(
        'request.unknown_part',
        `part "${name}" is not supported; send config and code`,
      );
    }
  }
  const config = form.get('config');
  if (config === null) throw badRequest('field.required', 'part "config" must be defined');
  return {
    config: await bytesOf(config, 'config', CONFIG_BYTES_MAX),
    isJson: typeof config !== 'string' && isJsonType(config.type),
    code: await codeOf(form.get('code')),
  };
}

/** The parser that `fetch` uses, so whatever clients make with `FormData` is understood. */
async function parseForm(body: Buffer, contentType: string): Promise<FormData> {
  try {
    const response = new Response(new Uint8Array(body), {
      headers: { 'content-type': contentType },
    });
    return await response.formData();
  } catch {
    throw badRequest('request.malformed_multipart', 'the body is not valid multipart/form-data');
  }
}

async function codeOf(part: Part | null): Promise<Uint8Array | null> {
  if (part === null) return null;
  if (typeof part === 'string') {
    throw badRequest('field.wrong_type', 'part "code" must be a file: give it a filename');
  }
  return bytesOf(part, 'code', CODE_BYTES_MAX);
}

async function bytesOf(part: Part, name: string, bytesMax: number): Promise<Uint8Array> {
  const bytes =
    typeof part === 'string'
      ? new TextEncoder().encode(part)
      : new Uint8Array(await part.arrayBuffer());
  if (bytes.length <= bytesMax) return bytes;
  throw new RequestRefused({
    status: 413,
    kind: 'request.too_large',
    message: `part "${name}" has size ${bytes.length} bytes which exceeds the limit (${bytesMax} bytes)`,
  });
}

const isJsonType = (contentType: string): boolean =>
  /^application\/([\w.-]+\+)?json\b/i.test(contentType);
