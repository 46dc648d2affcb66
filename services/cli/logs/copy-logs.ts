import { ApiError } from '#libs/client/client-errors.ts';
import type { GatewayClient, WorkerLog } from '#libs/client/gateway-client.ts';
import { hasEnded } from '#libs/domain/job/job-status-code.ts';
import { pause } from '#libs/platform/pause.ts';
import type { LogWriter } from './log-writers.ts';

const POLL_INTERVAL_MS = 500;

interface LogCopy {
  readonly jobId: string;
  readonly workerIds: readonly string[];
  /** Go on until the job has ended and its workers have left. */
  readonly isFollowed: boolean;
  readonly writer: LogWriter;
}

/** Copies workers' logs to a writer. Returns how many bytes there were. */
export async function copyLogs(
  client: GatewayClient,
  { jobId, workerIds, isFollowed, writer }: LogCopy,
): Promise<number> {
  const logs = workerIds.map((workerId) => new CopiedLog(jobId, workerId));
  for (;;) {
    // Asked before the logs are read: what is written before the end is then read after it.
    const isOver = !isFollowed || hasEnded((await client.getJob(jobId)).value.job_status.status);
    for (const log of logs) await log.copyNew(client, writer);
    if (isOver && (!isFollowed || logs.every((log) => !log.isOpen))) break;
    await pause(POLL_INTERVAL_MS);
  }
  writer.end();
  return logs.reduce((sum, log) => sum + log.offset, 0);
}

/** One worker's log, as far as it has been copied. */
class CopiedLog {
  offset = 0;
  isOpen = false;
  private readonly jobId: string;
  private readonly workerId: string;

  constructor(jobId: string, workerId: string) {
    this.jobId = jobId;
    this.workerId = workerId;
  }

  async copyNew(client: GatewayClient, writer: LogWriter): Promise<void> {
    for (;;) {
      const chunk = await this.readNext(client);
      this.isOpen = chunk?.isOpen ?? false;
      if (chunk === null || chunk.bytes.length === 0) return;
      writer.add(this.workerId, chunk.bytes);
      this.offset = chunk.nextOffset;
    }
  }

  /** `null` while the worker has no log, for example because it waits for a place to run. */
  private async readNext(client: GatewayClient): Promise<WorkerLog | null> {
    try {
      return await client.readWorkerLog(this.jobId, this.workerId, this.offset);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }
}
