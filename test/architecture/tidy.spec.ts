import { describe, expect, it } from '@jest/globals';
import { sourceFiles } from './source-files.ts';
import { type SourceFile, TIDY_RULES } from './tidy-rules.ts';

/** A text that breaks each rule, in the order of the rules. */
const PLANTED: readonly SourceFile[] = [
  { path: 'libs/json/long.ts', text: 'const a = 1;\n'.repeat(301) },
  { path: 'libs/json/json-utils.ts', text: '' },
  { path: 'libs/json/readJson.service.ts', text: '' },
  { path: 'services/worker/run-batch.ts', text: 'const port = process.env["PORT"];' },
  { path: 'libs/domain/job/job.decider.ts', text: 'const now = Date.now();' },
  { path: 'libs/json/a.spec.ts', text: `it('should work', () => {});` },
  { path: 'libs/json/b.spec.ts', text: `it.only('works', () => {});` },
  { path: 'libs/json/c.spec.ts', text: `jest.mock('./scanner.ts');` },
  { path: 'libs/json/d.ts', text: `\nexport default class D {}` },
  { path: 'libs/json/e.ts', text: `export * from './d.ts';` },
  { path: 'libs/json/f.ts', text: `const f = x as any;` },
  { path: 'libs/json/g.ts', text: `// TODO: finish` },
];

/** They spell out what they forbid. */
const RULES_THEMSELVES = new Set([
  'test/architecture/tidy-rules.ts',
  'test/architecture/tidy.spec.ts',
]);

describe('house rules', () => {
  it.each(TIDY_RULES.map((rule, index) => ({ rule, planted: PLANTED[index] })))(
    'a planted violation is found: $rule.name',
    ({ rule, planted }) => {
      expect(planted).toBeDefined();
      if (planted === undefined) return;
      expect(rule.appliesTo(planted.path)).toBe(true);
      expect(rule.finds(planted)).not.toBeNull();
    },
  );

  it.each(TIDY_RULES)('every file obeys: $name', ({ appliesTo, finds }) => {
    const violations = sourceFiles()
      .filter(({ path }) => appliesTo(path) && !RULES_THEMSELVES.has(path))
      .flatMap((file) => {
        const found = finds(file);
        return found === null ? [] : [`${file.path}: ${found}`];
      });
    expect(violations).toEqual([]);
  });
});
