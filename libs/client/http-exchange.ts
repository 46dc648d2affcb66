import type { ZodType } from 'zod';
import {
  ApiError,
  GatewayUnreachable,
  InvalidGatewayUrl,
  UnexpectedAnswer,
} from './client-errors.ts';
import { refusalSchema } from './gateway-documents.ts';

/** An answer parsed and as it was sent: parsing loses integers over 2^53 in users' values. */
export interface Answer<T> {
  readonly value: T;
  /** The body's text. */
  readonly json: string;
}

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query, e.g. `/v1/jobs?limit=10`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | FormData | ReadableStream;
  /** Ends the request early. */
  readonly signal?: AbortSignal;
  /** @default 30000 */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

/** Sends requests to one gateway and turns everything that can go wrong into our own errors. */
export class HttpExchange {
  /** Without a slash at the end. */
  readonly url: string;

  /** @throws InvalidGatewayUrl when `url` is no absolute http or https URL */
  constructor(url: string) {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
      throw new InvalidGatewayUrl(url);
    }
    this.url = `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '');
  }

  /**
   * @throws ApiError when the gateway refuses, GatewayUnreachable when there is no answer,
   *   UnexpectedAnswer when the answer is not what `schema` says
   */
  async readJson<T>(request: HttpRequest, schema: ZodType<T>): Promise<Answer<T>> {
    const { json, status } = await this.send(request, async (response) => ({
      json: await response.text(),
      status: response.status,
    }));
    const parsed = schema.safeParse(parseJson(json));
    if (parsed.success) return { value: parsed.data, json };
    throw new UnexpectedAnswer(
      `${this.url}${request.path} answered HTTP ${status} with something that is not from a ` +
        'gateway of this version; check CORTEX_URL',
      { cause: parsed.error },
    );
  }

  /**
   * Sends `request` and gives a successful response to `read`.
   *
   * @throws ApiError, GatewayUnreachable and UnexpectedAnswer as `readJson` does
   */
  async send<T>(request: HttpRequest, read: (response: Response) => Promise<T>): Promise<T> {
    try {
      const response = await fetch(`${this.url}${request.path}`, {
        method: request.method,
        signal: AbortSignal.any([
          AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS),
          ...(request.signal ? [request.signal] : []),
        ]),
        ...(request.headers && { headers: request.headers }),
        ...(request.body && { body: request.body, duplex: 'half' }),
      });
      if (!response.ok)
        throw refusal(`${this.url}${request.path}`, response, await response.text());
      return await read(response);
    } catch (error) {
      if (error instanceof ApiError || error instanceof UnexpectedAnswer) throw error;
      throw new GatewayUnreachable(this.url, error);
    }
  }
}

function refusal(url: string, response: Response, body: string): ApiError | UnexpectedAnswer {
  const parsed = refusalSchema.safeParse(parseJson(body));
  if (parsed.success) return new ApiError(response.status, parsed.data);
  return new UnexpectedAnswer(
    `${url} answered HTTP ${response.status} without a reason, so it may not be a gateway; ` +
      'check CORTEX_URL',
  );
}

/** `undefined`, which no schema accepts, when `text` is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
