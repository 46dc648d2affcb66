import { readFileSync } from 'node:fs';

/** One member of a response as the interface's description lists it, e.g. `job_status.status`. */
export interface SeedMember {
  readonly path: string;
  /** `string`, `int`, `float`, `object`, or the text itself where it is fixed, in quotes. */
  readonly type: string;
  readonly isOptional: boolean;
}

/** @param name of a file in `test/fixtures/seed`: an excerpt of the description, word for word */
export const seedMembers = (name: string): readonly SeedMember[] =>
  membersOf(readFileSync(new URL(`../fixtures/seed/${name}`, import.meta.url), 'utf8'));

/** The description is JSON with types for values, comments and `(optional)`: read line by line. */
function membersOf(text: string): readonly SeedMember[] {
  const members: SeedMember[] = [];
  const parents: string[] = [];
  for (const line of text.split('\n')) {
    const code = line.replace(/#.*/, '').trim();
    const [, name, value] = /^"(\w+)": (.*?),?$/.exec(code) ?? [];
    if (name !== undefined && value !== undefined) {
      const path = [...parents, name].join('.');
      members.push({ path, type: typeOf(value), isOptional: value.includes('(optional)') });
      if (value.endsWith('{')) parents.push(name);
    } else if (code.startsWith('}')) parents.pop();
  }
  return members;
}

function typeOf(value: string): string {
  if (value.startsWith('{')) return 'object';
  if (value.startsWith('"')) return value;
  return value.replace('(optional)', '').replaceAll(/[<>]/g, '').trim();
}

/** The value at `path` of a parsed answer; `undefined` when a member on the way is not there. */
export function memberAt(answer: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return Object.getOwnPropertyDescriptor(value, name)?.value;
  }, answer);
}

/** Whether `value` is what the description says of `member`. */
export function isOfType(value: unknown, { type }: SeedMember): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' && value !== '';
    case 'int':
      return Number.isInteger(value);
    case 'float':
      return typeof value === 'number';
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return JSON.stringify(value) === type;
  }
}
