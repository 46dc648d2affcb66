import type { Draw } from '../kernel/draw.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { VirtualTime } from '../kernel/virtual-time.ts';
import type { Scenario } from '../scenario.ts';

/** What a caller is told when nobody knows what became of its call. */
export type Unavailable = (message: string) => Error;

export interface Call<T> {
  readonly what: string;
  /** Done where the store or the queue is. */
  run(): Promise<T>;
  /** Done in its place when the call is cut off on the way; nothing unless given. */
  runPartly?(): Promise<unknown>;
  /** `null` for a call that cannot fail: its adapter tries until it is answered. */
  readonly unavailable: Unavailable | null;
}

type Fate = 'done' | 'lost' | 'unanswered' | 'repeated';

const SLOW_MS_MAX = 4_000;
const TIMEOUT_MS_MAX = 5_000;

/** The way between a process and what it calls: calls take time, overtake each other, and fail. */
export class Wire {
  constructor(
    private readonly time: VirtualTime,
    private readonly draw: Draw,
    private readonly scenario: Scenario,
  ) {}

  call<T>(caller: SimProcess, call: Call<T>): Promise<T> {
    if (!caller.isAlive) return new Promise(() => {});
    const fate = call.unavailable === null ? 'done' : this.fateOf();
    return new Promise((resolve, reject) => {
      const { unavailable, what } = call;
      const answer = (how: string, settle: () => void): void =>
        void this.time.schedule(caller, this.latencyMs(), `${what}: ${how}`, settle);
      const giveUp = (how: string): void => {
        const error = unavailable?.(`${what} ${how}`) ?? new Error(how);
        const waitMs = this.draw.magnitude(1, TIMEOUT_MS_MAX);
        this.time.schedule(caller, waitMs, `${what}: fails, ${how}`, () => reject(error));
      };
      const run = (): Promise<T> => (fate === 'repeated' ? this.twice(call) : call.run());
      this.arrive(what, () => {
        if (fate === 'lost') {
          call.runPartly?.().catch(() => {});
          return giveUp('lost');
        }
        run().then(
          (value) =>
            fate === 'unanswered' ? giveUp('unanswered') : answer('ok', () => resolve(value)),
          (error: Error) => answer(error.name, () => reject(error)),
        );
      });
    });
  }

  /** A message that nobody answers. It may get lost, and come late. */
  tell(caller: SimProcess, what: string, run: () => void): void {
    if (!caller.isAlive) return;
    if (this.fateOf() !== 'lost') this.arrive(what, run);
  }

  /** Time that a message takes. */
  latencyMs(): number {
    const { wire, latencyMsMax } = this.scenario;
    if (this.isFaulty && this.draw.chance(wire.slow)) return this.draw.magnitude(1, SLOW_MS_MAX);
    return this.draw.between(0.05, latencyMsMax);
  }

  get isFaulty(): boolean {
    return this.time.nowMs < this.scenario.faultsEndMs;
  }

  private arrive(what: string, run: () => void): void {
    this.time.schedule(this.time.world, this.latencyMs(), what, run);
  }

  /** The first answer got lost, so the call was sent again. */
  private twice<T>(call: Call<T>): Promise<T> {
    const again = async (): Promise<T> => {
      await new Promise((resolve) => setTimeout(resolve, this.latencyMs()));
      return call.run();
    };
    return call.run().then(again, again);
  }

  private fateOf(): Fate {
    if (!this.isFaulty) return 'done';
    const { lost, unanswered, repeated } = this.scenario.wire;
    let left = this.draw.fraction();
    if ((left -= lost) < 0) return 'lost';
    if ((left -= unanswered) < 0) return 'unanswered';
    return left - repeated < 0 ? 'repeated' : 'done';
  }
}
