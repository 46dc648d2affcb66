/** What JetStream says about a delivery in the subject that settles it. */
export interface AckSubject {
  /** How often the message was delivered, this time included. */
  readonly deliveryCount: number;
  readonly streamSequence: number;
  /** Counts what this consumer delivered, from 1. */
  readonly consumerSequence: number;
  /** When the stream stored the message. */
  readonly storedAtMs: number;
  /** Messages that the consumer can deliver after this one. */
  readonly pendingCount: number;
}

const SHORT_TOKEN_COUNT = 9;
const SHORT_START = 4;
const LONG_START = 6;
/** Digits of a time in nanoseconds that are behind its milliseconds. */
const BELOW_MS = 6;

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<delivery count>.<stream sequence>.<consumer sequence>.<time>.<pending>`.
 * Servers before 2.15 write these nine tokens; later ones put the domain and the account's hash
 * before the stream. The client reads it only as a part of its own consumers' messages.
 *
 * @returns members that are `NaN` for a subject of another form
 */
export function parseAckSubject(subject: string): AckSubject {
  const tokens = subject.split('.');
  const start = tokens.length === SHORT_TOKEN_COUNT ? SHORT_START : LONG_START;
  return {
    deliveryCount: Number(tokens[start]),
    streamSequence: Number(tokens[start + 1]),
    consumerSequence: Number(tokens[start + 2]),
    storedAtMs: Number(tokens[start + 3]?.slice(0, -BELOW_MS)),
    pendingCount: Number(tokens[start + 4]),
  };
}
