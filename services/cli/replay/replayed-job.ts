import { eventSchema, type JobEvent } from '#libs/client/gateway-documents.ts';
import { jobId } from '#libs/domain/kernel/ids.ts';
import type { PlatformEvent } from '#libs/domain/platform-event.ts';
import { type JobStatusDocument, jobStatusDocument } from '#libs/domain/status/job-documents.ts';
import { PlatformView } from '#libs/domain/status/platform-view.ts';
import { decodeEvent } from '#libs/event-store/codec/event-codec.ts';
import { CommandFailed } from '../cli.ts';
import { memberOf } from '../json-text.ts';

/** An event as it was sent, and what it says. */
export interface ReplayedEvent {
  readonly sent: JobEvent;
  readonly event: PlatformEvent;
  readonly atMs: number;
}

/** @throws CommandFailed when a newer version of the platform wrote it */
export function readEvent(json: string): ReplayedEvent {
  const sent = eventSchema.parse(JSON.parse(json));
  // From the text: parsing loses integers over 2^53.
  const payload = new TextEncoder().encode(memberOf(json, 'data'));
  const decoded = decodeEvent({ ceType: sent.type, payload });
  if (!decoded.ok) {
    throw new CommandFailed(`${decoded.problem}; use the command line of the gateway's version`);
  }
  return { sent, event: decoded.event, atMs: Date.parse(sent.time) };
}

/** A job folded from its events by the platform's own rules. */
export class ReplayedJob {
  private readonly view = new PlatformView();

  apply({ sent, event }: ReplayedEvent): void {
    const { position, time: at } = sent;
    this.view.apply({ position: Number(position), id: position, at, event });
  }

  /** `null` before its submission. */
  status(id: string, nowMs: number): JobStatusDocument | null {
    const job = this.view.jobs.get(jobId(id));
    if (job === undefined) return null;
    return jobStatusDocument(job, { nowMs, stalledAfterMs: Infinity }); // The log says who stalled.
  }
}
