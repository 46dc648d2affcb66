import { readFileSync } from 'node:fs';

/** An example of filtering as the interface's description has it. */
export interface SeedFilter {
  readonly name: string;
  /** `s3_paths`, and where given `includes` and `excludes`. */
  readonly selection: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly string[];
}

/** The description's examples: a heading, one or two selections, and what they would select. */
export function seedFilters(): readonly SeedFilter[] {
  const text = readFileSync(new URL('../fixtures/seed/filtering.txt', import.meta.url), 'utf8');
  return text.split(/^(?=[A-Z])/m).flatMap((section) => {
    const [heading = ''] = section.split('\n');
    const files = [...section.matchAll(/^# (s3:.*)$/gm)].map(([, file = '']) => file);
    const selections = [...section.matchAll(/^\{\n[^]*?^\}$/gm)].map(([json]) => json);
    return selections.map((json, index) => ({
      name: index === 0 ? heading : `${heading} (${index + 1})`,
      selection: JSON.parse(json) as SeedFilter['selection'],
      files,
    }));
  });
}
