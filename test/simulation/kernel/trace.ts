const LINES_MAX = 400;

/** The last steps of a simulation, and a number that tells whether two went the same way. */
export class Trace {
  private readonly lines: string[] = [];
  private sum = 0;
  private count = 0;

  /** @param print is given every line as it comes */
  constructor(private readonly print: ((line: string) => void) | null) {}

  add(nowMs: number, who: string, what: string): void {
    this.count += 1;
    this.sum = mixed(mixed(this.sum, what), who) ^ Math.round(nowMs * 1000);
    const line = `${nowMs.toFixed(3).padStart(12)} ${who.padEnd(14)} ${what}`;
    this.print?.(line);
    if (this.lines.push(line) > 2 * LINES_MAX) this.lines.splice(0, LINES_MAX);
  }

  /** Oldest first. */
  get tail(): readonly string[] {
    return this.lines.slice(-LINES_MAX);
  }

  /** Of the whole way, not only of what is kept. */
  get fingerprint(): string {
    return `${this.count}-${(this.sum >>> 0).toString(16)}`;
  }
}

function mixed(sum: number, text: string): number {
  let hash = sum;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  return hash;
}
