import type { V1Pod } from '@kubernetes/client-node';
import type { JobId, WorkerId } from '#libs/domain/kernel/ids.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import { WORKER_CONTAINER } from '../pod-assignment.ts';
import type { Cluster } from './cluster.ts';
import { indexOf, podNameOf, podsBefore } from './pod-facts.ts';

/** What is kept of a worker's log when its pods are gone: the end of it. */
const KEPT_BYTES_MAX = 64 * 1024;
/** A node keeps about as much of a container's log. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
const KEPT_AT_ONCE_MAX = 2;

interface WorkerOfJob {
  readonly jobId: JobId;
  readonly workerId: WorkerId;
}

/** What pods that are gone have written. */
interface KeptLog {
  /** Offset of the first byte that was kept. */
  readonly start: number;
  /** The pods it is of. */
  readonly pods: readonly string[];
  readonly bytes: Uint8Array;
}

/**
 * The logs of workers: of pods that are there by the API server, of others from the object store,
 * where the end of each is put before its pod is deleted.
 */
export class WorkerLogs {
  constructor(
    private readonly cluster: Cluster,
    private readonly blobs: BlobStore,
  ) {}

  /** Bytes from `offset` on; what was not kept is skipped. `null` when the worker has never been. */
  async read(
    worker: WorkerOfJob,
    offset: number,
    bytesMax: number,
  ): Promise<{ bytes: Uint8Array; nextOffset: number } | null> {
    const kept = await this.kept(worker);
    const pods = podsFor(worker, await this.cluster.podsOf(worker.jobId), kept);
    if (kept === null && pods.length === 0) return null;
    const { start, bytes } = await this.joined(kept, pods, offset + bytesMax);
    const from = Math.max(offset - start, 0);
    const part = bytes.subarray(from, from + bytesMax);
    return { bytes: part, nextOffset: Math.max(offset, start) + part.length };
  }

  /** Keeps the end of what the worker's pods have written so far. */
  async keep(worker: WorkerOfJob): Promise<void> {
    await this.keepOf(await this.cluster.podsOf(worker.jobId), worker);
  }

  /**
   * Keeps the logs of all workers of a job: few at a time, since each is held as a whole while its
   * end is cut off, and with one list of pods for all.
   */
  async keepAll(
    jobId: JobId,
    workers: readonly WorkerId[],
    onError: (workerId: WorkerId, error: unknown) => void,
  ): Promise<void> {
    const pods = await this.cluster.podsOf(jobId);
    const left = workers.values();
    const keepSome = async (): Promise<void> => {
      for (const workerId of left) {
        const own = pods.filter((pod) => String(indexOf(pod)) === workerId);
        await this.keepOf(own, { jobId, workerId }).catch((error: unknown) =>
          onError(workerId, error),
        );
      }
    };
    await Promise.all(Array.from({ length: KEPT_AT_ONCE_MAX }, keepSome));
  }

  private async keepOf(all: readonly V1Pod[], worker: WorkerOfJob): Promise<void> {
    const kept = await this.kept(worker);
    const pods = podsFor(worker, all, kept);
    if (pods.length === 0) return;
    const { start, bytes } = await this.joined(kept, pods, LOG_BYTES_MAX);
    const end = bytes.subarray(Math.max(bytes.length - KEPT_BYTES_MAX, 0));
    const head = {
      start: start + bytes.length - end.length,
      pods: [...(kept?.pods ?? []), ...pods.map(podNameOf)],
    };
    await this.blobs.put(
      keyOf(worker),
      Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), end]),
    );
  }

  private async joined(
    kept: KeptLog | null,
    pods: readonly V1Pod[],
    end: number,
  ): Promise<{ start: number; bytes: Buffer }> {
    const { start, bytes } = kept ?? { start: 0, bytes: new Uint8Array() };
    const pieces = [bytes];
    for (const pod of pods) pieces.push(await this.logOf(pod, Math.min(end, LOG_BYTES_MAX)));
    return { start, bytes: Buffer.concat(pieces) };
  }

  /** What a pod's handler has written: as it is, or of several containers by the time of each line. */
  private async logOf(pod: V1Pod, bytesMax: number): Promise<Buffer> {
    const containers = (pod.spec?.containers ?? []).filter(({ name }) => name !== WORKER_CONTAINER);
    const withTimes = containers.length > 1;
    const texts = await Promise.all(
      containers.map(({ name: container }) =>
        this.cluster.log({ name: podNameOf(pod), container }, { bytesMax, withTimes }),
      ),
    );
    const found = texts.filter((text) => text !== null);
    return Buffer.from(withTimes ? byTime(found) : (found[0] ?? ''));
  }

  private async kept(worker: WorkerOfJob): Promise<KeptLog | null> {
    const blob = await this.blobs.get(keyOf(worker));
    if (blob === null) return null;
    const headEnd = blob.indexOf('\n'.charCodeAt(0));
    const head: unknown = JSON.parse(Buffer.from(blob.subarray(0, headEnd)).toString());
    return isHead(head) ? { ...head, bytes: blob.subarray(headEnd + 1) } : null;
  }
}

/** Pods of the worker whose output is not kept yet, in their order. */
const podsFor = (
  { workerId }: WorkerOfJob,
  pods: readonly V1Pod[],
  kept: KeptLog | null,
): V1Pod[] =>
  pods
    .filter((pod) => String(indexOf(pod)) === workerId)
    .filter((pod) => kept?.pods.includes(podNameOf(pod)) !== true)
    .sort((one, other) => podsBefore(one) - podsBefore(other));

const isHead = (head: unknown): head is Omit<KeptLog, 'bytes'> =>
  typeof head === 'object' &&
  head !== null &&
  'start' in head &&
  typeof head.start === 'number' &&
  'pods' in head &&
  Array.isArray(head.pods);

const keyOf = ({ jobId, workerId }: WorkerOfJob): string => `worker-logs/${jobId}/${workerId}`;

/** Lines of several logs, each behind its time and a blank, in the order of their times. */
const byTime = (logs: readonly string[]): string =>
  logs
    .flatMap((log) => log.split('\n').filter((line) => line !== ''))
    .sort()
    .map((line) => `${line.slice(line.indexOf(' ') + 1)}\n`)
    .join('');
