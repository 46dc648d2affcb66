import { expect } from '@jest/globals';
import { type Command, type Decider, type Event, fold } from '#libs/domain/kernel/decider.ts';

/** Given past events, when a command is decided, then this event, nothing or this rejection follows. */
export const specFor = <S, C extends Command, E extends Event>(decider: Decider<S, C, E>) => ({
  given: (...past: E[]) => ({
    when: (command: C) => {
      const decide = () => decider.decide(fold(decider, past), command);
      return {
        thenYields: (expected: E) => expect(decide()).toEqual([expected]),
        thenNothing: () => expect(decide()).toEqual([]),
        thenRejected: (rejection: new (...args: never[]) => Error) =>
          expect(decide).toThrow(rejection),
      };
    },
  }),
});
