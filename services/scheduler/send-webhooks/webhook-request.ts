import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { literalAddress, isPublicAddress, PrivateAddress, publicLookup } from './public-address.ts';

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface WebhookRequestOptions {
  /** For everything together: the name's resolution, the connection, the answer's head. */
  readonly timeoutMs: number;
  readonly allowPrivate: boolean;
  readonly signal: AbortSignal;
}

/**
 * Sends a request and answers its status. Redirects are not followed and the answer's body is not
 * read: neither is any business of ours.
 *
 * @throws PrivateAddress when it would reach what is not of the public internet
 * @throws Error when there is no answer
 */
export async function sendWebhook(
  { url: text, headers, body }: WebhookRequest,
  { timeoutMs, allowPrivate, signal }: WebhookRequestOptions,
): Promise<number> {
  const url = new URL(text);
  const literal = literalAddress(url);
  if (!allowPrivate && literal !== null && !isPublicAddress(literal)) {
    throw new PrivateAddress(url.hostname, literal);
  }
  const tooLate = AbortSignal.timeout(timeoutMs);
  try {
    return await statusOf(url, body, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(body.length) },
      agent: false, // A connection of its own, of which nothing is left behind.
      signal: AbortSignal.any([tooLate, signal]),
      ...(!allowPrivate && { lookup: publicLookup }),
    });
  } catch (error) {
    if (!tooLate.aborted) throw error;
    throw new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error });
  }
}

function statusOf(url: URL, body: Uint8Array, options: RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage): void => {
      answer.on('error', () => {}); // Its end is cut off, on purpose.
      answer.destroy();
      resolve(answer.statusCode ?? 0);
    };
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, options, onAnswer)
        : httpRequest(url, options, onAnswer);
    // Whoever is switched to another protocol has answered too, and is not talked to in it.
    request.on('upgrade', ({ statusCode = 101 }, socket) => {
      socket.destroy();
      resolve(statusCode);
    });
    request.on('error', reject);
    // Nothing of a request is left when it is closed, so neither may be who waits for its answer.
    request.on('close', () => reject(new Error('the connection was closed without an answer')));
    request.end(body);
  });
}
