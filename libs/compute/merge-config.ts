import { RawJson, stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';

/**
 * The configuration a function handler sees: the deployed one with the submission's merged over
 * it, objects member by member. Numbers of the submission keep the text they were sent with.
 *
 * @param submittedJson an object as JSON text, or `null`
 * @returns JSON text
 */
export function mergeConfig(
  deployed: Readonly<Record<string, unknown>>,
  submittedJson: string | null,
): string {
  const submitted: unknown = submittedJson === null ? {} : parseKeepingNumbers(submittedJson);
  return stringifyWithRaw(merge(deployed, submitted));
}

const parseKeepingNumbers = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? new RawJson(context?.source ?? String(value)) : value,
  );

function merge(under: unknown, over: unknown): unknown {
  if (!isObject(under) || !isObject(over)) return over;
  const merged = new Map(Object.entries(under));
  for (const [name, value] of Object.entries(over)) {
    merged.set(name, merged.has(name) ? merge(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged); // Which, unlike assignment, knows no magic names.
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof RawJson);
