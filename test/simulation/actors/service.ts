import { SimProcess } from '../kernel/sim-process.ts';
import type { World } from '../world.ts';

const RESTART_MS_MIN = 50;
const RESTART_MS_MAX = 2_000;

/** Runs in a process of its own until `stopping` aborts; rejects when the process has to end. */
export type Program = (process: SimProcess, stopping: AbortSignal) => Promise<void>;

/** A service that is started again whenever its process has ended. */
export class Service {
  private running: { readonly process: SimProcess; readonly stopping: AbortController } | null =
    null;
  private startCount = 0;

  constructor(
    private readonly world: World,
    private readonly name: string,
    private readonly program: Program,
  ) {
    this.start();
  }

  get process(): SimProcess | null {
    return this.running?.process ?? null;
  }

  crash(): void {
    this.running?.process.kill();
  }

  /** Asks it to end by itself, as a signal would. */
  stop(): void {
    if (this.running === null) return;
    const { process, stopping } = this.running;
    this.world.time.schedule(process, 0, 'SIGTERM', () => stopping.abort());
  }

  private start(): void {
    const { time, draw } = this.world;
    const process = new SimProcess(`${this.name}#${++this.startCount}`, time);
    const stopping = new AbortController();
    this.running = { process, stopping };
    process.onDeath(() => {
      this.running = null;
      const delayMs = draw.magnitude(RESTART_MS_MIN, RESTART_MS_MAX);
      time.schedule(time.world, delayMs, `restart ${this.name}`, () => this.start());
    });
    time.schedule(process, draw.between(0, 50), 'starts', () => {
      const exit = (): void => void time.schedule(process, 0, 'exits', () => process.kill());
      this.program(process, stopping.signal).then(exit, exit);
    });
  }
}
