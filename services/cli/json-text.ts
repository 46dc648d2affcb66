import { arrayElements, objectMembers } from '#libs/json/json-scanner.ts';

/**
 * Everything here works on the text: parsing would lose integers over 2^53 and the order of
 * integer-like keys in users' values.
 */

/** `json` on one line. Line ends in JSON stand between tokens only, so none is lost. */
export const onOneLine = (json: string): string => json.trim().replaceAll(/\s*[\r\n]\s*/g, '');

/** `names`' members of the object `json`, in that order, as an object; those it lacks are left out. */
export function pickMembers(json: string, names: readonly string[]): string {
  const members = membersOf(json);
  const picked = names.flatMap((name) => {
    const value = members.get(name);
    return value === undefined ? [] : [`${JSON.stringify(name)}:${value}`];
  });
  return `{${picked.join()}}`;
}

/** Text of the member `name` of the object `json`. */
export const memberOf = (json: string, name: string): string => membersOf(json).get(name) ?? 'null';

/** Texts of the elements of the array `json`. */
export function elementsOf(json: string): string[] {
  const decoder = new TextDecoder();
  const elements = arrayElements(new TextEncoder().encode(json));
  return Array.from(elements, ({ bytes }) => decoder.decode(bytes));
}

function membersOf(json: string): Map<string, string> {
  const members = objectMembers(new TextEncoder().encode(json));
  const decoder = new TextDecoder();
  return new Map([...members].map(([name, { bytes }]) => [name, decoder.decode(bytes)]));
}

/** `json` with a line for each member and element, two spaces deeper at each level. */
export function indentJson(json: string): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  const parts: string[] = [];
  let depth = 0;
  tokens.forEach((token, index) => {
    if (isClosing(token)) {
      depth -= 1;
      if (!isOpening(tokens[index - 1])) parts.push(lineAt(depth));
    }
    parts.push(token === ':' ? ': ' : token);
    if (isOpening(token)) depth += 1;
    if (token === ',' || (isOpening(token) && !isClosing(tokens[index + 1]))) {
      parts.push(lineAt(depth));
    }
  });
  return parts.join('');
}

const isOpening = (token: string | undefined): boolean => token === '{' || token === '[';
const isClosing = (token: string | undefined): boolean => token === '}' || token === ']';
const lineAt = (depth: number): string => `\n${'  '.repeat(depth)}`;
