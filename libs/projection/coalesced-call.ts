/**
 * Shares the calls of an expensive question whose answer must not be older than the asking.
 *
 * Whoever asks while a call is under way cannot use that one, it may have been answered already;
 * all such callers share the next.
 */
export class CoalescedCall<T> {
  private current: Promise<T> | null = null;
  private next: Promise<T> | null = null;

  constructor(private readonly call: () => Promise<T>) {}

  run(): Promise<T> {
    if (this.current === null) return this.start();
    this.next ??= this.current.then(
      () => this.startNext(),
      () => this.startNext(),
    );
    return this.next;
  }

  private startNext(): Promise<T> {
    this.next = null;
    return this.start();
  }

  private start(): Promise<T> {
    const call = this.call();
    this.current = call;
    const forget = (): void => {
      if (this.current === call) this.current = null;
    };
    call.then(forget, forget);
    return call;
  }
}
