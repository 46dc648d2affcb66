/** A fact that happened. `type` is its wire name: past tense, never reused for a new meaning. */
export interface Event<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Readonly<Data>;
}

/** A request that may be refused. `type` is an imperative. */
export interface Command<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Readonly<Data>;
}

/**
 * The whole behaviour of one kind of stream, as three pure functions.
 *
 * `decide` returns `[]` when the command has already taken effect (delivery is at least once) and
 * throws a `Rejection` when the command is not allowed in `state`. It yields at most one event: an
 * append is then atomic on every event store.
 * `evolve` never refuses: an event is a fact even if today's `decide` would not emit it.
 */
export interface Decider<State, C extends Command, E extends Event> {
  readonly initialState: State;
  decide(state: State, command: C): readonly [] | readonly [E];
  evolve(state: State, event: E): State;
}

/** Current state of a stream: its events folded from `initialState`, oldest first. */
export const fold = <State, E extends Event>(
  decider: Pick<Decider<State, Command, E>, 'initialState' | 'evolve'>,
  events: readonly E[],
): State => events.reduce((state, event) => decider.evolve(state, event), decider.initialState);
