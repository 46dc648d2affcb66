/** The platform cannot start; the message says what to do. No stack trace is of use to the reader. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
