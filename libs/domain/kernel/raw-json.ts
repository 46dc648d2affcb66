/**
 * A JSON value kept as the text it arrived in.
 *
 * Parsing would lose integers over 2^53 and the order of integer-like keys; users' values pass
 * through the platform untouched. The text was validated by whoever made the instance.
 */
export class RawJson {
  constructor(readonly text: string) {}
}

/** `JSON.stringify` that writes every `RawJson` inside `value` as the text it holds. */
export function stringifyWithRaw(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value))
    return `[${value.map((item) => stringifyWithRaw(item ?? null)).join()}]`;
  // Written piece by piece: every question about a job comes through here.
  let members = '';
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${stringifyWithRaw(member)}`;
  }
  return `{${members}}`;
}
