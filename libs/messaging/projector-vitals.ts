import { errors, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';

/** Not shared between instances as questions are: every one answers. */
const SUBJECT = 'cortex.vitals.status-projector';
/** After the first answer the others are waited for so long, one after the other. */
const SILENCE_MS_MAX = 200;
const WAIT_MS_MAX = 1500;

const vitals = z.object({
  instance: z.string(),
  position: z.number(),
  lagEvents: z.number().nullable(),
  lagMs: z.number(),
  parkedEvents: z.number(),
  activeJobs: z.object({ pending: z.number(), enqueuing: z.number(), running: z.number() }),
  residentBytes: z.number(),
});

/** How one instance of the status-projector is. */
export interface ProjectorVitals {
  /** Its machine and process, e.g. `cortex-status-projector-7d9f8-x2x4z:1`. */
  readonly instance: string;
  readonly position: number;
  /** `null` while the log does not say how long it is. */
  readonly lagEvents: number | null;
  readonly lagMs: number;
  /** Unreadable events that were set aside; it keeps the newest hundred. */
  readonly parkedEvents: number;
  /** Jobs that have not ended, by status. */
  readonly activeJobs: Readonly<Record<'pending' | 'enqueuing' | 'running', number>>;
  readonly residentBytes: number;
}

/** Answers whoever asks, until the connection is closed. */
export function tellVitals(connection: NatsConnection, read: () => Promise<ProjectorVitals>): void {
  connection.subscribe(SUBJECT, {
    callback: (error, message) => {
      if (error === null) void tell(message, read);
    },
  });
}

async function tell(question: Msg, read: () => Promise<ProjectorVitals>): Promise<void> {
  try {
    question.respond(JSON.stringify(await read()));
  } catch {
    // Whoever is not told takes this instance for one that does not answer, which is so.
  }
}

/** What every instance that answers says of itself; none may be there. */
export async function askVitals(connection: NatsConnection): Promise<readonly ProjectorVitals[]> {
  const told: ProjectorVitals[] = [];
  try {
    const answers = await connection.requestMany(SUBJECT, undefined, {
      strategy: 'stall',
      stall: SILENCE_MS_MAX,
      maxWait: WAIT_MS_MAX,
    });
    for await (const answer of answers) {
      const read = vitals.safeParse(parsed(answer.string()));
      if (read.success) told.push(read.data);
    }
  } catch (error) {
    if (!isUnanswered(error)) throw error;
  }
  return told;
}

const isUnanswered = (error: unknown): boolean =>
  error instanceof errors.NoRespondersError ||
  error instanceof errors.TimeoutError ||
  error instanceof errors.RequestError;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
