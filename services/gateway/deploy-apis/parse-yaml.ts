import { isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { badRequest } from '../request-refused.ts';

type Node = Parameters<typeof visit>[0];

/** How often aliases may multiply what they name. */
const ALIASES_MAX = 100;

/**
 * Reads YAML, of which JSON is a part; integers come as `bigint`.
 *
 * Two of the parser's features cost the square of the text, minutes for 1 MiB, and are done here
 * instead: looking for repeated keys, and showing the line of every single mistake.
 *
 * @throws RequestRefused 400 that names the first mistake and where it is
 */
export function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    intAsBigInt: true,
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error', // Its warnings would go to stderr past our log.
    lineCounter: lines,
  });
  const refuse = (problem: string, offset: number): never => {
    const { line, col } = lines.linePos(offset);
    throw malformed(`${problem} at line ${line}, column ${col}`);
  };
  const [problem] = document.errors;
  if (problem !== undefined) return refuse(problem.message, problem.pos[0]);
  refuseRepeatedKeys(document, refuse);
  refuseCycles(document, refuse);
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw malformed(String(error));
  }
}

type Refuse = (problem: string, offset: number) => never;

function refuseRepeatedKeys(document: Node, refuse: Refuse): void {
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key) || key.value === '<<') continue; // Merges may be repeated.
        if (keys.has(key.value)) refuse('Map keys must be unique', key.range?.[0] ?? 0);
        keys.add(key.value);
      }
    },
  });
}

/** What contains itself has no end. */
function refuseCycles(document: Node, refuse: Refuse): void {
  visit(document, {
    Alias(_, { source, range }, ancestors) {
      const isInside = ancestors.some(
        (node) => isNode(node) && 'anchor' in node && node.anchor === source,
      );
      if (isInside) refuse(`*${source} stands inside of what it names`, range?.[0] ?? 0);
    },
  });
}

const malformed = (problem: string): Error =>
  badRequest('yaml.malformed', `invalid YAML: ${problem}`);
