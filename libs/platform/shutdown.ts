import { exitWithParent } from './exit-with-parent.ts';
import type { Logger } from './logger.ts';

const SHUTDOWN_MS_MAX = 15_000;

/**
 * Runs `close` once on SIGTERM, SIGINT or a lost parent, then exits; with 1 when closing failed or
 * took longer than 15 s. A second signal exits at once.
 */
export function closeOnSignal(close: () => Promise<void>, logger: Logger): void {
  let closing = false;
  const onSignal = (signal: string): void => {
    if (closing) process.exit(1);
    closing = true;
    logger.info({ signal }, 'shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_MS_MAX).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  exitWithParent();
}
