import picocolors from 'picocolors';

/** Dresses text up, or returns it as it is. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
}

export const plainStyle: Style = picocolors.createColors(false);

/** Where output goes: results to stdout, everything said about them to stderr. */
export interface Terminal {
  /** Style for `print`. */
  readonly style: Style;
  /** Whether a person watches stderr, so that a line may be drawn over. */
  readonly isInteractive: boolean;
  readonly stderr: NodeJS.WritableStream;
  /** Writes a part of the result, with a line end. */
  print(text: string): void;
  /** Writes a part of the result as it is. */
  write(bytes: Uint8Array): void;
  /** Tells the person something that is no result, with a line end. */
  note(text: string): void;
}

interface TerminalStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** Colours only where a terminal shows them and https://no-color.org does not forbid them. */
export function createTerminal({ stdout, stderr, env }: TerminalStreams): Terminal {
  const mayColour = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    style: picocolors.createColors(mayColour && stdout.isTTY),
    isInteractive: stderr.isTTY && env['TERM'] !== 'dumb',
    stderr,
    print: (text) => void stdout.write(`${text}\n`),
    write: (bytes) => void stdout.write(bytes),
    note: (text) => void stderr.write(`${text}\n`),
  };
}
