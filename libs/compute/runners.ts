/** Commands that serve function handlers; the handler's path is added as the last argument. */
export interface Runners {
  readonly python: readonly string[];
  readonly node: readonly string[];
}
