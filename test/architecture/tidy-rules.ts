/** One source file as the house rules see it. */
export interface SourceFile {
  /** Relative to the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** A rule that no linter can say. `finds` returns what is wrong, or `null`. */
export interface TidyRule {
  readonly name: string;
  readonly appliesTo: (path: string) => boolean;
  readonly finds: (file: SourceFile) => string | null;
}

const LINES_MAX = 300;

const isTest = (path: string): boolean => /\.(spec|contract)\.ts$|^test\//.test(path);
const isSpec = (path: string): boolean => /\.(spec|contract)\.ts$/.test(path);
const isProduction = (path: string): boolean => !isTest(path);

/** First match with its line number, or `null`. */
function firstMatch(text: string, pattern: RegExp): string | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const line = text.slice(0, match.index).split('\n').length;
  return `line ${line}: ${match[0].trim()}`;
}

const forbids =
  (pattern: RegExp) =>
  ({ text }: SourceFile): string | null =>
    firstMatch(text, pattern);

/** Names that say "things went here"; the word for what the file does is always better. */
const VAGUE_NAMES =
  /^(.*[-.])?(utils?|helpers?|common|misc|shared|managers?|base|types|index)\.ts$/;

/** Parts of a file name after the first dot: what role the file plays. */
const ROLES = new Set(
  [
    'commands decider events rejections', // Domain.
    'port contract schema', // What a service needs, and the shape of what comes from outside.
    'config controller filter module wiring', // The edge of a service.
    'spec int e2e type properties builders bench', // Tests.
  ].flatMap((roles) => roles.split(' ')),
);

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export const TIDY_RULES: readonly TidyRule[] = [
  {
    name: `a file has at most ${LINES_MAX} lines`,
    appliesTo: () => true,
    finds: ({ text }) => {
      const lineCount = text.replace(/\n$/, '').split('\n').length;
      return lineCount > LINES_MAX ? `${lineCount} lines` : null;
    },
  },
  {
    name: 'a file is named for what it does, never utils, helpers, common, manager or index',
    appliesTo: () => true,
    finds: ({ path }) => (VAGUE_NAMES.test(baseName(path)) ? baseName(path) : null),
  },
  {
    name: 'file names are kebab-case with a known role after the first dot',
    appliesTo: () => true,
    finds: ({ path }) => {
      const [stem = '', ...roles] = baseName(path).slice(0, -'.ts'.length).split('.');
      const areRolesKnown = roles.every((role) => ROLES.has(role));
      return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem) && areRolesKnown ? null : baseName(path);
    },
  },
  {
    // A runner is a program of its own, started with the user's handler.
    name: 'the environment is read only in main.ts, in runners, in configuration and in tests',
    appliesTo: (path) =>
      isProduction(path) && !/(^|\/)main\.ts$|\.config\.ts$|\/runners\//.test(path),
    finds: forbids(/process\.env\b/),
  },
  {
    name: 'the domain takes time and randomness as input and never waits',
    appliesTo: (path) => path.startsWith('libs/domain/') && isProduction(path),
    finds: forbids(
      /new Date\(\)|Date\.now|performance\.now|Math\.random|randomUUID|getRandomValues|\basync\b|\bawait\b|new Promise|console\./,
    ),
  },
  {
    name: 'test titles state what happens; none begins with "should"',
    appliesTo: isSpec,
    finds: forbids(/\b(it|test|describe)(\.each\([\s\S]*?\))?\(\s*['"`]should\b/i),
  },
  {
    name: 'no test is skipped, focused or left to do',
    appliesTo: isTest,
    finds: forbids(/\b(it|test|describe)\.(only|skip|todo)\b|\b[xf](it|describe)\(/),
  },
  {
    name: 'no module of our own is mocked',
    appliesTo: isTest,
    finds: forbids(/\bjest\.(mock|unstable_mockModule|spyOn)\(/),
  },
  {
    // Handlers are default exports, and tests bring some.
    name: 'nothing is exported by default',
    appliesTo: isProduction,
    finds: forbids(/^export default\b/m),
  },
  {
    name: 'nothing is re-exported: everybody imports from where a thing is',
    appliesTo: isProduction,
    finds: forbids(/^export (type )?(\*|\{[^}]*\}) (as \w+ )?from\b/m),
  },
  {
    name: 'types are not switched off',
    appliesTo: () => true,
    finds: forbids(
      /@ts-(ignore|nocheck)|\bas any\b(?=\s*[;,)\].])|: any\b(?=\s*[;,)=])|<any>|\bas unknown as\b/,
    ),
  },
  {
    name: 'nothing is left for later',
    appliesTo: () => true,
    finds: forbids(/\b(TODO|FIXME|XXX|HACK)\b/),
  },
];
