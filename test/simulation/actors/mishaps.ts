import type { SimProcess } from '../kernel/sim-process.ts';
import type { ProcessFaults } from '../scenario.ts';
import type { World } from '../world.ts';
import type { Workers } from './programs.ts';
import type { Service } from './service.ts';

const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 12_000;
const CLOCK_MS_MAX = 60_000;

/** Lets processes crash, stand still and err about the time, until the faults end. */
export class Mishaps {
  private readonly paused = new Set<SimProcess>();

  constructor(
    private readonly world: World,
    private readonly services: readonly Service[],
    private readonly workers: Workers,
  ) {
    const kinds: Readonly<Record<keyof ProcessFaults, () => void>> = {
      crash: () => this.service()?.crash(),
      restart: () => this.service()?.stop(),
      pause: () => this.pause(this.service()?.process ?? null),
      clockJump: () => this.jumpClock(),
      workerCrash: () => this.worker()?.kill(),
      workerPause: () => this.pause(this.worker()?.process ?? null),
      handlerCrash: () => this.worker()?.handler?.die(),
    };
    for (const [kind, happen] of Object.entries(kinds)) {
      const everyMs = world.scenario.process[kind as keyof ProcessFaults];
      if (everyMs !== null) this.repeat(kind, everyMs, happen);
    }
    const { time, scenario } = world;
    time.schedule(time.world, scenario.faultsEndMs, 'the faults end', () => {
      for (const process of this.paused) process.resume();
      for (const { process } of services) process?.setClockAhead(0);
    });
  }

  private repeat(kind: string, everyMs: number, happen: () => void): void {
    const { time, draw, scenario } = this.world;
    const delayMs = -Math.log(1 - draw.fraction()) * everyMs;
    if (time.nowMs + delayMs >= scenario.faultsEndMs) return;
    time.schedule(time.world, delayMs, kind, () => {
      happen();
      this.repeat(kind, everyMs, happen);
    });
  }

  private service(): Service | null {
    return this.world.draw.oneOf(this.services);
  }

  private worker(): ReturnType<Workers['open']> | null {
    return this.world.draw.oneOf([...this.workers.running]);
  }

  private pause(process: SimProcess | null): void {
    if (process === null || process.isStill) return;
    const { time, draw } = this.world;
    time.trace.add(time.nowMs, process.name, 'stands still');
    process.pause();
    this.paused.add(process);
    time.schedule(time.world, draw.magnitude(PAUSE_MS_MIN, PAUSE_MS_MAX), '', () => {
      time.trace.add(time.nowMs, process.name, 'goes on');
      process.resume();
      this.paused.delete(process);
    });
  }

  private jumpClock(): void {
    const { draw } = this.world;
    const aheadMs = draw.between(-CLOCK_MS_MAX, CLOCK_MS_MAX);
    this.service()?.process?.setClockAhead(aheadMs);
  }
}
