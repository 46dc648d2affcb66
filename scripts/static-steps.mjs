/** What looks at the code without running it, by name; what takes longest first. */
export const STATIC_STEPS = {
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
  lint: ['oxlint', '--type-aware', '--quiet'],
  types: ['tsc', '--noEmit'],
  boundaries: ['depcruise', '--output-type', 'err-long', 'libs', 'services', 'test'],
};
