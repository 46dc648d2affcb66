import { z } from 'zod';
import { isEmbeddedAwsReady } from './embedded-aws-process.ts';
import { StartError } from './start-error.ts';
import type { SupervisedProcess } from './supervised-process.ts';
import { isNatsServing } from './tcp.ts';
import { waitUntil } from './wait-until.ts';

const READY_MS_MAX = 60_000;
const PROGRESS_MS = 3000;
const ANSWER_MS_MAX = 2000;
/** A process that ended so often in a row will not come up by itself. */
const EARLY_ENDS_MAX = 4;

const NO_ANSWER = 'the gateway does not answer yet';

const readyzAnswer = z.object({
  services: z.record(z.string(), z.object({ is_ready: z.boolean() })),
});

export interface ReadinessOptions {
  /** Of the gateway. */
  readonly url: string;
  readonly natsUrl: string;
  /** Of S3 and SQS on this machine; `null` when there are none. */
  readonly awsUrl: string | null;
  readonly say: (line: string) => void;
  /** Gives up waiting. */
  readonly interrupt: AbortSignal;
}

/**
 * Asks `/readyz` until it says 200, and tells every few seconds what is still awaited.
 *
 * @throws StartError after a minute, or when a process keeps ending
 */
export async function waitUntilReady(
  processes: readonly SupervisedProcess[],
  { url, natsUrl, awsUrl, say, interrupt }: ReadinessOptions,
): Promise<void> {
  let state = NO_ANSWER;
  let toldAt = performance.now();
  const isReady = await waitUntil(
    async () => {
      if (interrupt.aborted) return true;
      const broken = processes.find((process) => process.earlyEndCount >= EARLY_ENDS_MAX);
      if (broken !== undefined) {
        throw new StartError(`${broken.name} keeps ending. Its log: ${broken.logFile}`);
      }
      const answer = (await askReadyz(url)) ?? (await askAws(awsUrl));
      if (answer === null) return true;
      state = answer;
      if (performance.now() - toldAt > PROGRESS_MS) {
        toldAt = performance.now();
        say(`waiting: ${state}`);
      }
      return false;
    },
    { timeoutMs: READY_MS_MAX },
  );
  if (isReady) return;
  const nats = new URL(natsUrl.split(',')[0]?.trim() ?? natsUrl);
  const isNatsThere = await isNatsServing(Number(nats.port || 4222), nats.hostname);
  throw new StartError(
    isNatsThere
      ? `Not ready after ${READY_MS_MAX / 1000} s: ${state}`
      : `No NATS server answers at ${natsUrl}`,
  );
}

async function askAws(url: string | null): Promise<string | null> {
  return url === null || (await isEmbeddedAwsReady(url)) ? null : 'S3 and SQS not ready yet';
}

/** `null` when ready, else why not. */
async function askReadyz(url: string): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    const text = await answer.text();
    return answer.ok ? null : describe(text);
  } catch {
    return NO_ANSWER; // It has not started listening, or it is on its way.
  }
}

function describe(text: string): string {
  try {
    const { services } = readyzAnswer.parse(JSON.parse(text));
    const awaited = Object.keys(services).filter((name) => services[name]?.is_ready !== true);
    return `${awaited.join(', ')} not ready yet`;
  } catch {
    return text; // Shown as it came.
  }
}
