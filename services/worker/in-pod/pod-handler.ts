import { connect } from 'node:net';
import type { Reason } from '#libs/domain/job/job.events.ts';
import { pause } from '#libs/platform/pause.ts';

/** How often, and how long apart, nobody may answer on a port that was open before it counts as closed. */
const LOOKS_MAX = 3;
const LOOK_PAUSE_MS = 100;
/** The kubelet notices the end of a container about once a second, and knows better why. */
const CAUSE_MS_MAX = 5000;

/**
 * The handler beside a worker in a pod: started, probed and ended by the kubelet. From here it is a
 * port; one that answered and does not any more is a handler that has died, because nothing in a
 * worker's pod is started twice.
 */
export class PodHandler {
  /** Resolves when the handler is gone. */
  readonly ended: Promise<Reason>;
  readonly pids: readonly number[] = [];
  /** The kubelet has it. */
  readonly lastOutput = '';
  private reportEnd: (reason: Reason) => void = () => {};
  private hasEnded = false;

  constructor(private readonly port: number) {
    this.ended = new Promise((resolve) => (this.reportEnd = resolve));
  }

  /** Looks whether the handler is still there. */
  async look(): Promise<void> {
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      if (await isOpen(this.port)) return;
      await pause(LOOK_PAUSE_MS);
    }
    this.hasEnded = true;
    const message = `the handler listens on port ${this.port} no more`;
    this.reportEnd({ kind: 'worker.handler_gone', message });
  }

  /** The pod ends the handler. Its end is reported before the worker's, which is the consequence. */
  terminate(): Promise<void> {
    return this.hasEnded ? pause(CAUSE_MS_MAX) : Promise.resolve();
  }

  kill(): void {
    // The kubelet does.
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
