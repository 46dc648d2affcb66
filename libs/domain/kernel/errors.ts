/**
 * The domain says no. Expected, caused by the caller, never retried.
 * `code` is part of the public API: the gateway maps it to a status, clients may match on it.
 */
export abstract class Rejection extends Error {
  abstract readonly code: string;
  override readonly name: string = this.constructor.name;
}

/** Throws when our own reasoning is wrong. Not for input: input gets a `Rejection`. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${message}`);
}

/** Makes a `switch` exhaustive: adding a variant stops compiling here. */
export function unreachable(value: never): never {
  throw new Error(`Unreachable: ${JSON.stringify(value)}`);
}
