import { createHash } from 'node:crypto';
import type { Checkpoint } from '#libs/domain/audit/audit.events.ts';
import { chainProblem } from '#libs/domain/audit/checkpoint-chain.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import { decodeEvent } from '#libs/event-store/codec/event-codec.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { DigestList } from './digest-list.ts';
import { DIGEST_BYTES, digestOf } from './event-digest.ts';
import {
  type ExportLine,
  type ExportStart,
  type LeftOut,
  MalformedExportLine,
  readLine,
} from './export-line.ts';
import { intervalProblem } from './interval-problem.ts';

/** Something is not as it was, or as it has to be, and where. */
export interface AuditProblem {
  /** Of the export, from 1; `null`: no line can be named. */
  readonly line: number | null;
  /** Position of the event, or `a to b`. */
  readonly positions: string | null;
  readonly eventId: string | null;
  readonly message: string;
}

/** What an export comes to. */
export interface AuditVerdict {
  readonly start: ExportStart | null;
  readonly eventCount: number;
  readonly checkpointCount: number;
  /** The newest checkpoint; `null`: there is none. */
  readonly newest: Checkpoint | null;
  /** Events behind what the newest checkpoint covers; checkpoints do not count. */
  readonly unsealedCount: number;
  /** Intervals of which an export of a part has nothing but the checkpoint. */
  readonly passedOverCount: number;
  /** At most 100. */
  readonly problems: readonly AuditProblem[];
}

const PROBLEMS_MAX = 100;

/** Takes an export line by line and makes every hash in it again. */
export class ExportVerifier {
  private readonly problems: AuditProblem[] = [];
  private readonly open = new DigestList();
  private readonly all = createHash('sha256');
  /** Positions behind the newest checkpoint's events, checkpoints left out. */
  private unsealed: Position[] = [];
  private start: ExportStart | null = null;
  private newest: Checkpoint | null = null;
  private isComplete = false;
  private lineCount = 0;
  private eventCount = 0;
  private checkpointCount = 0;
  private passedOverCount = 0;
  private lastPosition: Position = 0;
  private lastLeftOut: Position = 0;

  /** @returns what the line says; `null` when it says nothing that can be read */
  take(line: Uint8Array): ExportLine | null {
    this.lineCount += 1;
    const read = this.read(line);
    if (read === null) return null;
    if (this.isComplete) this.report('stands behind the end of the export');
    if ((read.kind === 'start') !== (this.lineCount === 1)) {
      this.report(
        read.kind === 'start' ? 'is a second beginning' : 'is not the beginning of an export',
      );
    }
    if (read.kind === 'start') this.start ??= read.start;
    else if (read.kind === 'event') this.takeEvent(read.event, read.digest);
    else if (read.kind === 'left-out') this.takeLeftOut(read.leftOut);
    else if (read.kind === 'archive-fault') this.add({ line: null, ...read.fault });
    else this.takeEnd(read.end);
    return read;
  }

  /** Problems so far. */
  get found(): readonly AuditProblem[] {
    return this.problems;
  }

  finish(): AuditVerdict {
    if (!this.isComplete) {
      const message = `the export ends without its last line: what was behind line ${this.lineCount} is missing`;
      this.add({ line: this.lineCount, positions: null, eventId: null, message });
    }
    const { start, eventCount, checkpointCount, newest, passedOverCount, problems } = this;
    const unsealedCount = this.unsealed.length;
    return {
      start,
      eventCount,
      checkpointCount,
      newest,
      unsealedCount,
      passedOverCount,
      problems,
    };
  }

  private read(line: Uint8Array): ExportLine | null {
    try {
      return readLine(line);
    } catch (error) {
      if (!(error instanceof MalformedExportLine) && !(error instanceof SyntaxError)) throw error;
      this.report(error.message);
      return null;
    }
  }

  private takeEvent(event: StoredEvent, stated: string): void {
    const { position, cloudEvent } = event;
    this.eventCount += 1;
    const digest = digestOf(event);
    this.all.update(digest);
    if (digest.toString('hex') !== stated) {
      this.report('the event is not what it was when it was exported', event);
    }
    if (position === this.lastPosition) {
      this.report('two events stand at this position: one was inserted', event);
    } else if (position < this.lastPosition) {
      const message = `stands behind position ${this.lastPosition}: it was moved, or inserted`;
      this.report(message, event);
    } else if (position > (this.start?.lastPosition ?? Infinity)) {
      this.report('was not in the log when it was exported', event);
    }
    this.lastPosition = Math.max(position, this.lastPosition);
    this.open.add(position, digest);
    const { type: ceType, data: payload } = cloudEvent;
    const decoded = decodeEvent({ ceType, payload });
    if (decoded.ok && decoded.event.type === 'LogCheckpointed') {
      this.takeCheckpoint(decoded.event.data, event);
    } else this.unsealed.push(position);
  }

  private takeLeftOut({ positions, digests }: LeftOut): void {
    this.lastLeftOut = Math.max(this.lastLeftOut, positions.at(-1) ?? 0);
    for (const [index, position] of positions.entries()) {
      this.open.add(position, digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES));
    }
  }

  private takeCheckpoint(checkpoint: Checkpoint, event: StoredEvent): void {
    this.checkpointCount += 1;
    const { newest } = this;
    const broken = chainProblem(newest, checkpoint);
    if (broken !== null) this.report(`the checkpoint does not follow: ${broken}`, event);
    if (checkpoint.position >= event.position) {
      this.report('the checkpoint covers what came after it', event);
    }
    const covered = this.open.takeUpTo(checkpoint.position);
    const isPart = this.start?.apiName != null || this.start?.jobId != null;
    const problem = intervalProblem(covered, checkpoint);
    if (problem !== null && isPart && this.isPassedOver(covered.length, checkpoint)) {
      this.passedOverCount += 1;
    } else if (problem !== null) {
      const { firstPosition, position } = checkpoint;
      const positions = `${firstPosition} to ${position}`;
      this.add({ line: null, positions, eventId: null, message: problem });
    }
    this.newest = checkpoint;
    this.unsealed = this.unsealed.filter((position) => position > checkpoint.position);
  }

  /** Of an interval that it does not touch, an export of a part has at most earlier checkpoints. */
  private isPassedOver(
    coveredCount: number,
    { firstPosition, position, eventCount }: Checkpoint,
  ): boolean {
    const isTouched = (this.unsealed[0] ?? Infinity) <= position;
    const hasDigests = this.lastLeftOut >= firstPosition;
    return !isTouched && !hasDigests && coveredCount < eventCount;
  }

  private takeEnd({ eventCount, sha256 }: { eventCount: number; sha256: string }): void {
    this.isComplete = true;
    if (eventCount !== this.eventCount) {
      const message = `the export was made with ${eventCount} events and has ${this.eventCount}`;
      this.add({ line: null, positions: null, eventId: null, message });
    } else if (sha256 !== this.all.digest('hex')) {
      const message = 'the events are not those that were exported, or not in that order';
      this.add({ line: null, positions: null, eventId: null, message });
    }
  }

  private report(message: string, event: StoredEvent | null = null): void {
    this.add({
      line: this.lineCount,
      positions: event === null ? null : String(event.position),
      eventId: event === null ? null : event.cloudEvent.id,
      message,
    });
  }

  private add(problem: AuditProblem): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
  }
}
