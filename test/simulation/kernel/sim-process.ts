import type { Clock } from '#libs/platform/clock.ts';

/** When every simulation begins, by the clocks of its processes. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);
const NEXT_MS = 0.001;

/** Something that a process is going to do. */
export interface Task {
  readonly owner: SimProcess;
  readonly what: string;
  readonly run: () => void;
  isCancelled: boolean;
}

/** What puts tasks off to their time. */
export interface Timeline {
  readonly nowMs: number;
  readonly world: SimProcess;
  schedule(owner: SimProcess, delayMs: number, what: string, run: () => void): Task;
  /** Runs a task as its owner. */
  enter(task: Task): void;
}

/** One process of the platform: it can die, stand still, and have a wrong clock. */
export class SimProcess {
  private alive = true;
  private isPaused = false;
  private readonly backlog: Task[] = [];
  private readonly deathListeners: (() => void)[] = [];
  private clockOffsetMs = 0;

  constructor(
    readonly name: string,
    private readonly time: Timeline,
  ) {}

  get isAlive(): boolean {
    return this.alive;
  }

  get isStill(): boolean {
    return this.isPaused;
  }

  /** The time of day as this process has it. */
  readonly clock: Clock = () => new Date(EPOCH_MS + this.time.nowMs + this.clockOffsetMs);

  setClockAhead(offsetMs: number): void {
    this.clockOffsetMs = offsetMs;
  }

  /** Dies without a word. What it has sent is on its way, nothing else of it happens. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.backlog.length = 0;
    for (const listener of this.deathListeners) listener();
  }

  onDeath(listener: () => void): void {
    if (this.alive) this.deathListeners.push(listener);
    else listener();
  }

  pause(): void {
    this.isPaused = true;
  }

  /** Does what it would have done meanwhile, in order. */
  resume(): void {
    if (this.isPaused) this.time.schedule(this.time.world, NEXT_MS, '', () => this.catchUp());
  }

  perform(task: Task): void {
    if (!this.alive) return;
    if (this.isPaused) this.backlog.push(task);
    else this.time.enter(task);
  }

  private catchUp(): void {
    const task = this.backlog.shift();
    if (task === undefined) {
      this.isPaused = false;
      return;
    }
    this.time.schedule(this.time.world, NEXT_MS, '', () => this.catchUp());
    this.time.enter(task);
  }
}
