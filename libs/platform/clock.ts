/** The time of day. Injected, so tests and replays set it. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();
