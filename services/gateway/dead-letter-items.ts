import { ArrayCursor } from '#libs/json/json-scanner.ts';
import { JsonSyntaxError } from '#libs/json/json-syntax-error.ts';

const COMMA = Buffer.from(',');
const BRACKETS = Buffer.from('[]');
const [OPEN = 0, CLOSE = 0] = BRACKETS;

/** `null` when the payload is no JSON array. */
export function itemCountOf(payload: Uint8Array): number | null {
  try {
    const cursor = new ArrayCursor(payload);
    let itemCount = 0;
    while (cursor.next()) itemCount += 1;
    return itemCount;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

/** One array of the items of arrays that are not empty, each item with its bytes. */
export function joinedItems(payloads: readonly Uint8Array[]): {
  readonly items: Uint8Array;
  readonly itemCount: number;
} {
  const parts: Uint8Array[] = [];
  let itemCount = 0;
  for (const payload of payloads) {
    itemCount += itemCountOf(payload) ?? 0;
    parts.push(parts.length === 0 ? BRACKETS.subarray(0, 1) : COMMA);
    parts.push(payload.subarray(payload.indexOf(OPEN) + 1, payload.lastIndexOf(CLOSE)));
  }
  return { items: Buffer.concat([...parts, BRACKETS.subarray(1)]), itemCount };
}
