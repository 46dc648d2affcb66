const OWN_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Any RFC 3339 time in UTC with milliseconds; `null` when it is none. */
export function normalTime(time: string): string | null {
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) return null;
  return OWN_TIME.test(time) ? time : new Date(ms).toISOString();
}
