import type { AuditProblem } from '#libs/audit/verify-export.ts';

/** E.g. `line 7, position 6, event …: it was moved`. */
export function problemText({ line, positions, eventId, message }: AuditProblem): string {
  const place = [
    ...(line === null ? [] : [`line ${line}`]),
    ...(positions === null ? [] : [`position ${positions}`]),
    ...(eventId === null ? [] : [`event ${eventId}`]),
  ];
  return place.length === 0 ? message : `${place.join(', ')}: ${message}`;
}
