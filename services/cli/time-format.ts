const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_HOUR = 3600;
const SECONDS_PER_DAY = 86_400;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** As Go writes durations, without fractions of a second: `42s`, `5m0s`, `1h0m12s`. */
export function wholeDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const hours = Math.floor(seconds / SECONDS_PER_HOUR);
  const minutes = Math.floor((seconds % SECONDS_PER_HOUR) / SECONDS_PER_MINUTE);
  const rest = `${seconds % SECONDS_PER_MINUTE}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** As Go writes durations: `850µs`, `12.5ms`, `1.234s`; whole seconds from a minute on. */
export function preciseDuration(durationMs: number): string {
  if (durationMs >= SECONDS_PER_MINUTE * 1000) return wholeDuration(durationMs);
  if (durationMs >= 1000) return `${rounded(durationMs / 1000)}s`;
  if (durationMs >= 1 || durationMs <= 0) return `${rounded(Math.max(0, durationMs))}ms`;
  return `${Math.round(durationMs * 1000)}µs`;
}

const rounded = (value: number): string => String(Number(value.toFixed(3)));

/** The two greatest units: `42s`, `5m12s`, `3h20m`, `2d4h`. */
export function age(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  if (seconds < SECONDS_PER_HOUR) return wholeDuration(durationMs);
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const hours = Math.floor((seconds % SECONDS_PER_DAY) / SECONDS_PER_HOUR);
  if (days > 0) return `${days}d${hours}h`;
  return `${hours}h${Math.floor((seconds % SECONDS_PER_HOUR) / SECONDS_PER_MINUTE)}m`;
}

/** @param time RFC 3339. Returns e.g. `10 Jun 21 12:00:00 UTC`. */
export function shortTime(time: string): string {
  const date = new Date(time);
  const day = twoDigits(date.getUTCDate());
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  const month = MONTHS[date.getUTCMonth()] ?? '';
  const year = twoDigits(date.getUTCFullYear() % 100);
  return `${day} ${month} ${year} ${clock.map(twoDigits).join(':')} UTC`;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');
