import type { JobEvent } from '#libs/client/gateway-documents.ts';

/** Members that say nothing new in a list of one job's events, or are too long for a line. */
const LEFT_OUT = new Set([
  'jobId',
  'apiName',
  'apiId',
  'config',
  'cursor',
  'queueUrl',
  'traceparent',
]);

/** `BatchFailed` of `dev.cortex.batch.BatchFailed.v1`. */
export const eventName = ({ type }: Pick<JobEvent, 'type'>): string =>
  /([^.]+)\.v\d+$/.exec(type)?.[1] ?? type;

/** What an event says, on one line: `index=3 attempt=1 reason="handler.status: it answered 500"`. */
export function eventDetails({ data }: Pick<JobEvent, 'data'>): string {
  return Object.entries(data)
    .filter(([name, value]) => value !== null && !LEFT_OUT.has(name))
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
}

function valueText(value: unknown): string {
  if (isReason(value)) return JSON.stringify(firstLine(`${value.kind}: ${value.message}`));
  if (typeof value === 'object' && value !== null && 'kind' in value) return String(value.kind);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const isReason = (value: unknown): value is { readonly kind: string; readonly message: string } =>
  typeof value === 'object' && value !== null && 'kind' in value && 'message' in value;

const firstLine = (text: string): string => text.trim().split(/[\r\n]/)[0] ?? '';
