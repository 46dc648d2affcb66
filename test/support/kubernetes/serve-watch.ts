import type { ServerResponse } from 'node:http';
import { type ApiEvent, type ApiObject, type ApiObjects, ApiProblem } from './api-objects.ts';

export interface WatchRequest {
  /** As in `kind: Pod`. */
  readonly kind: string;
  readonly apiVersion: string;
  readonly matches: (object: ApiObject) => boolean;
  /** Events after this version. */
  readonly version: number;
  readonly hasBookmarks: boolean;
  readonly bookmarkMs: number;
  readonly isDead: () => boolean;
}

/** Answers a watch: one JSON document a line, for as long as the connection lives. */
export function serveWatch(
  response: ServerResponse,
  objects: ApiObjects,
  request: WatchRequest,
): void {
  const resource = `${request.kind.toLowerCase()}s`;
  const write = (type: string, object: object): void => {
    if (!request.isDead()) response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const hear = ({ kind, type, object }: ApiEvent): void => {
    if (kind === resource && request.matches(object)) write(type, object);
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  try {
    for (const event of objects.since(request.version)) hear(event);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    const { status: code, reason, message } = error;
    write('ERROR', { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
    response.end();
    return;
  }
  const stop = objects.onEvent(hear);
  const { apiVersion, kind } = request;
  const bookmark = (): void => {
    const metadata = { resourceVersion: String(objects.version) };
    if (request.hasBookmarks) write('BOOKMARK', { apiVersion, kind, metadata });
  };
  const timer = setInterval(bookmark, request.bookmarkMs);
  response.once('close', () => {
    clearInterval(timer);
    stop();
  });
}
