import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { ApiName, JobId } from '#libs/domain/kernel/ids.ts';
import { onReconnect } from '#libs/platform/nats/on-reconnect.ts';
import { JSON_CONTENT_TYPE } from './cloudevents/cloud-event.ts';
import { encodeBinary } from './cloudevents/nats-binding.ts';

/** What is said on the feed; its version is that of the document. */
export const STATUS_TYPE = 'dev.cortex.batch.JobStatus.v1';

/** A job's status document as of a position of the log. */
export interface JobStatusMessage {
  readonly apiName: ApiName;
  readonly jobId: JobId;
  /** Of two documents of a job the one with the higher position is newer. */
  readonly position: number;
  readonly at: Date;
  /** JSON text of a `JobStatusDocument`. */
  readonly documentJson: string;
}

/** Tells whoever listens how jobs are doing. Nothing of it is kept: the log and the gateway know. */
export interface StatusFeed {
  publish(message: JobStatusMessage): void;
  /**
   * Calls `listener` when what was published before may not have been heard.
   *
   * @returns stops calling
   */
  onLost(listener: () => void): () => void;
}

/** Plain NATS, without a stream: who is not subscribed misses it, and asks the gateway. */
export class NatsStatusFeed implements StatusFeed {
  constructor(private readonly connection: NatsConnection) {}

  publish({ apiName, jobId, position, at, documentJson }: JobStatusMessage): void {
    const message = encodeBinary({
      id: `${jobId}.JobStatus.${position}`,
      source: `/apis/${apiName}`,
      type: STATUS_TYPE,
      subject: `jobs/${jobId}`,
      time: at.toISOString(),
      datacontenttype: JSON_CONTENT_TYPE,
      extensions: { position: String(position) },
      data: Buffer.from(documentJson),
    });
    const natsHeaders = headers();
    for (const [name, value] of message.headers) natsHeaders.append(name, value);
    const subject = `cortex.status.${apiName}.${jobId}`;
    this.connection.publish(subject, message.payload, { headers: natsHeaders });
  }

  onLost(listener: () => void): () => void {
    return onReconnect(this.connection, listener);
  }
}
