import type { HttpRequest } from './http-message.ts';

/** W3C Trace Context, version 00. Ids of zeros only mean that there is no trace. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** One that is not valid is as good as none, says the standard. */
export function traceparentOf({ headers }: Pick<HttpRequest, 'headers'>): string | null {
  const { traceparent } = headers;
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null;
}
