import type { ApiObject } from './api-objects.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
}

const FOREGROUND = 'foregroundDeletion';
const GRACE_SECONDS = 30;

/**
 * What deleting an object makes of it: `null` when it is gone at once; one with a deletion timestamp
 * when finalizers, or the node of a pod, have a say first.
 */
export function deletedObject(
  kind: string,
  object: ApiObject,
  options: DeleteOptions,
): ApiObject | null {
  const { metadata } = object;
  const isForeground = options.propagationPolicy === 'Foreground';
  const finalizers = [...(metadata.finalizers ?? [])];
  if (isForeground && !finalizers.includes(FOREGROUND)) finalizers.push(FOREGROUND);
  const graceSeconds = kind === 'pods' ? graceOf(object, options) : 0;
  if (finalizers.length === 0 && graceSeconds === 0) return null;
  const before = metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY;
  const isAlready = metadata.deletionTimestamp !== undefined;
  if (isAlready && graceSeconds >= before) return object;
  return {
    ...object,
    metadata: {
      ...metadata,
      finalizers,
      deletionTimestamp: new Date(Date.now() + graceSeconds * 1000).toISOString(),
      deletionGracePeriodSeconds: graceSeconds,
    },
  };
}

/** Only a node that runs something of the pod needs time. */
function graceOf({ spec, status }: ApiObject, { gracePeriodSeconds }: DeleteOptions): number {
  const hasEnded = status?.['phase'] === 'Failed' || status?.['phase'] === 'Succeeded';
  if (spec?.['nodeName'] === undefined || hasEnded) return 0;
  const own = spec['terminationGracePeriodSeconds'];
  return gracePeriodSeconds ?? (typeof own === 'number' ? own : GRACE_SECONDS);
}
