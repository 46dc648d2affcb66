import { pino, type Logger as PinoLogger } from 'pino';

/** Structured logger: a constant message, facts as fields (`jobId`, `batchIndex`, `durationMs`). */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(fields: Record<string, unknown>): Logger;
};

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One JSON line per entry on stderr; stdout is for what a program answers. */
export function createLogger(service: string, level: LogLevel): Logger {
  return pino(
    { level, base: { service, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}

export const silentLogger: Logger = pino({ level: 'silent' });
