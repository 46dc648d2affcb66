/** Lets a number of tasks run at a time, the others wait their turn. */
export class SendSlots {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly slotCount: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.taken < this.slotCount) this.taken += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve)); // Takes over a slot.
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.taken -= 1;
      else next();
    }
  }
}
