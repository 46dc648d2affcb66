import { type Cli, UsageError } from './cli.ts';

const MS_PER_DAY = 86_400_000;
const TIME_OF_DAY = /^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?$/;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * A moment as the gateway takes it. A local time of day, like `10:31:05`, is the last one that has passed.
 *
 * @param option for the message when it is none
 */
export function momentText(cli: Pick<Cli, 'nowMs'>, option: string, text: string): string {
  const isTime = RFC_3339.test(text) && !Number.isNaN(Date.parse(text));
  if (isTime || /^\d{1,15}$/.test(text)) return text;
  const passedMs = timeOfDayMs(cli.nowMs(), text);
  if (passedMs !== null) return new Date(passedMs).toISOString();
  throw new UsageError(
    `${option} takes a time of day (10:31:05), a time (2026-01-31T10:31:05Z) or a position of the log ` +
      `(got ${text})`,
  );
}

function timeOfDayMs(nowMs: number, text: string): number | null {
  const [, hours, minutes, seconds = '0', fraction = '0'] = TIME_OF_DAY.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  const isTime = Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60;
  if (!isTime) return null;
  const day = new Date(nowMs);
  const ms = Math.round(Number(fraction) * 1000);
  day.setHours(Number(hours), Number(minutes), Number(seconds), ms);
  if (day.getTime() <= nowMs) return day.getTime();
  const yesterday = new Date(nowMs - MS_PER_DAY);
  yesterday.setHours(Number(hours), Number(minutes), Number(seconds), ms);
  return yesterday.getTime();
}
