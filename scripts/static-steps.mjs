/** What looks at the code without running it, by name. */
export const STATIC_STEPS = {
  types: ['tsc', '--noEmit'],
  lint: ['oxlint', '--type-aware', '--quiet'],
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
  boundaries: ['depcruise', '--output-type', 'err-long', 'libs', 'services', 'test'],
};
