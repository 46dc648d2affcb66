import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { type FromWorker, isToWorker, type ToWorker } from '#libs/compute/worker-protocol.ts';
import { pause } from '#libs/platform/pause.ts';
import {
  type Greeting,
  helloSubject,
  newsSubject,
  ordersSubject,
  type WorkerAddress,
} from './worker-subjects.ts';

const HELLO_MS_MAX = 2000;
const HELLO_PAUSE_MS = 200;

/** The worker's end of the line to whoever leads. */
export class WorkerStation {
  /** Orders that wait for their answers, by what the answer will be. */
  private readonly waiting = new Map<FromWorker['type'], Msg[]>();

  constructor(
    private readonly connection: NatsConnection,
    private readonly address: WorkerAddress,
  ) {}

  onOrder(obey: (order: ToWorker) => void): void {
    this.connection.subscribe(ordersSubject(this.address), {
      callback: (error, message) => {
        if (error !== null) return;
        const order = parsed(message.string());
        if (!isToWorker(order)) return;
        const answer = ANSWERS[order.type];
        if (answer !== null) {
          this.waiting.set(answer, [...(this.waiting.get(answer) ?? []), message]);
        }
        obey(order);
      },
    });
  }

  /** Resolves with what whoever leads says, however long nobody does. */
  async greeted(signal: AbortSignal): Promise<Exclude<Greeting, 'wait'>> {
    while (!signal.aborted) {
      const greeting = await this.connection
        .request(helloSubject(this.address), undefined, { timeout: HELLO_MS_MAX })
        .then((answer) => answer.string())
        .catch(() => 'wait'); // Nobody leads at the moment, or NATS is away.
      if (greeting === 'start' || greeting === 'halt') return greeting;
      await pause(HELLO_PAUSE_MS, signal);
    }
    return 'halt';
  }

  /** Answers those who wait for just this, and tells everybody else. */
  send(message: FromWorker): void {
    const payload = JSON.stringify(message);
    const waiting = this.waiting.get(message.type) ?? [];
    this.waiting.delete(message.type);
    for (const order of waiting) order.respond(payload);
    if (waiting.length === 0) this.connection.publish(newsSubject(this.address), payload);
  }
}

/** What answers an order. */
const ANSWERS: Readonly<Record<ToWorker['type'], FromWorker['type'] | null>> = {
  assign: null,
  halt: 'halted',
  'call-completion-hook': 'completion-hook-answered',
  stop: 'left',
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
