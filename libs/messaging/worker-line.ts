import { errors, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { type FromWorker, isFromWorker, type ToWorker } from '#libs/compute/worker-protocol.ts';
import { type JobId, jobId } from '#libs/domain/kernel/ids.ts';
import { pause } from '#libs/platform/pause.ts';
import {
  ALL_HELLOS,
  ALL_NEWS,
  type Greeting,
  ordersSubject,
  type WorkerAddress,
} from './worker-subjects.ts';

/** An order is given again until it is answered: NATS may lose it, and obeying twice changes nothing. */
const ASK_AGAIN_MS = 2000;
const NOBODY_PAUSE_MS = 200;

export interface WorkerLineListener {
  /** A worker is up and asks whether it may take batches. */
  onHello(worker: WorkerAddress): Greeting;
  onNews(worker: WorkerAddress, message: FromWorker): void;
}

export interface Question {
  readonly order: ToWorker;
  /** Gives up after this long without anybody who listens there. */
  readonly nobodyMsMax: number;
  readonly signal: AbortSignal;
}

/** The scheduler's end of the line to workers on other machines. */
export class WorkerLine {
  constructor(private readonly connection: NatsConnection) {}

  /** Hears workers until the function that it returns is called. */
  listen(listener: WorkerLineListener): () => void {
    const subscriptions: Subscription[] = [
      this.connection.subscribe(ALL_HELLOS, {
        callback: (error, message) => {
          const worker = error === null ? addressOf(message.subject) : null;
          if (worker !== null) message.respond(listener.onHello(worker));
        },
      }),
      this.connection.subscribe(ALL_NEWS, {
        callback: (error, message) => {
          const worker = error === null ? addressOf(message.subject) : null;
          const news = parsed(message.string());
          if (worker !== null && isFromWorker(news)) listener.onNews(worker, news);
        },
      }),
    ];
    return () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
  }

  /**
   * Gives a worker an order until it answers.
   *
   * @returns `null` when nobody listens there, or `signal` aborted
   */
  async ask(
    worker: WorkerAddress,
    { order, nobodyMsMax, signal }: Question,
  ): Promise<FromWorker | null> {
    const subject = ordersSubject(worker);
    const payload = JSON.stringify(order);
    let nobodySince: number | null = null;
    while (!signal.aborted) {
      try {
        const answer = await orAborted(
          this.connection.request(subject, payload, { timeout: ASK_AGAIN_MS }),
          signal,
        );
        const message = answer === null ? null : parsed(answer.string());
        return isFromWorker(message) ? message : null;
      } catch (error) {
        if (isNobody(error)) {
          nobodySince ??= performance.now();
          if (performance.now() - nobodySince >= nobodyMsMax) return null;
          await pause(NOBODY_PAUSE_MS, signal);
        } else if (isLate(error)) {
          nobodySince = null;
        } else {
          throw error;
        }
      }
    }
    return null;
  }
}

const isNobody = (error: unknown): boolean =>
  error instanceof errors.NoRespondersError ||
  (error instanceof errors.RequestError && error.isNoResponders());

const isLate = (error: unknown): boolean =>
  error instanceof errors.TimeoutError ||
  (error instanceof errors.RequestError && error.cause instanceof errors.TimeoutError);

function addressOf(subject: string): WorkerAddress | null {
  const [, , job, podName] = subject.split('.');
  if (job === undefined || podName === undefined) return null;
  const id: JobId = jobId(job);
  return { jobId: id, podName };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(null);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
