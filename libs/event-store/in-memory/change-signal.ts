/** Wakes whoever waits for the next change. */
export class ChangeSignal {
  private listeners: (() => void)[] = [];

  changed(): void {
    const listeners = this.listeners;
    this.listeners = [];
    for (const wake of listeners) wake();
  }

  /** Resolves with the next change, or when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      signal.addEventListener('abort', wake);
      this.listeners.push(wake);
    });
  }
}
