import { MalformedExportLine } from '#libs/audit/export-line.ts';
import { linesOf } from '#libs/audit/lines-of.ts';
import { ExportVerifier } from '#libs/audit/verify-export.ts';
import { type EventStore, RestoreRefused } from '#libs/event-store/event-store.port.ts';
import type { StoredEvent } from '#libs/event-store/stored-event.ts';
import { badRequest, RequestRefused } from '../request-refused.ts';

/** Fills an empty log with an export of a whole one, and verifies it on the way. */
export class ImportLog {
  constructor(
    private readonly store: Pick<EventStore, 'restore'>,
    private readonly isReadOnly: boolean,
  ) {}

  /**
   * @returns how many events there were
   * @throws RequestRefused 400 at the first line that is not verified; what was before it stays
   */
  async run(bytes: AsyncIterable<Uint8Array>): Promise<number> {
    if (!this.isReadOnly) {
      throw refused(
        403,
        'audit.not_read_only',
        'a log is imported into a platform that only reads, or its jobs would be run again: start an ' +
          'empty one with npm start -- --read-only (READ_ONLY=true)',
      );
    }
    const verifier = new ExportVerifier();
    try {
      await this.store.restore(verifiedEvents(bytes, verifier));
    } catch (error) {
      if (error instanceof RestoreRefused) {
        throw refused(409, 'audit.not_importable', error.message, error);
      }
      if (error instanceof MalformedExportLine) {
        throw badRequest('audit.not_verified', error.message);
      }
      throw error;
    }
    const { eventCount } = verifier.finish();
    return eventCount;
  }
}

async function* verifiedEvents(
  bytes: AsyncIterable<Uint8Array>,
  verifier: ExportVerifier,
): AsyncGenerator<StoredEvent> {
  for await (const line of linesOf(bytes)) {
    const read = verifier.take(line);
    expectNoProblem(verifier);
    if (read?.kind === 'start' && read.start.apiName !== null) {
      throw badRequest(
        'audit.part',
        'this is an export of one API or job; only one of a whole log can be imported',
      );
    }
    if (read?.kind === 'event') yield read.event;
  }
  verifier.finish();
  expectNoProblem(verifier);
}

function expectNoProblem(verifier: ExportVerifier): void {
  const [problem] = verifier.found;
  if (problem === undefined) return;
  const { line, positions, message } = problem;
  const place = positions === null ? `line ${line ?? '?'}` : `position ${positions}`;
  throw badRequest('audit.not_verified', `the export is not verified: ${place}: ${message}`);
}

const refused = (status: number, kind: string, message: string, cause?: Error): RequestRefused => {
  const refusal = new RequestRefused({ status, kind, message });
  if (cause !== undefined) refusal.cause = cause;
  return refusal;
};
