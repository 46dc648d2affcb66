/** Setup talks on stderr, so that a script's own answer on stdout stays clean. */
export const say = (line) => process.stderr.write(`${line}\n`);

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** A setup that cannot go on; the message says what to do. */
export class SetupError extends Error {
  name = 'SetupError';
}
