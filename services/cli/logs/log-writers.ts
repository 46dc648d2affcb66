import { StringDecoder } from 'node:string_decoder';
import type { Terminal } from '../terminal.ts';

/** Prints what workers wrote, as it comes. */
export interface LogWriter {
  add(workerId: string, bytes: Uint8Array): void;
  /** Prints what is left of lines that have no end. */
  end(): void;
}

/** One worker's log as it is. */
export const rawBytes = (terminal: Pick<Terminal, 'write'>): LogWriter => ({
  add: (_workerId, bytes) => terminal.write(bytes),
  end: () => undefined,
});

/** `worker 0 | text`, a line at a time. */
export const prefixedLines = (terminal: Pick<Terminal, 'print'>): LogWriter =>
  new LineWriter((workerId, line) => terminal.print(`worker ${workerId} | ${line}`));

/** `{"worker":"0","message":"text"}`, a line at a time. */
export const jsonLines = (terminal: Pick<Terminal, 'print'>): LogWriter =>
  new LineWriter((worker, message) => terminal.print(JSON.stringify({ worker, message })));

/** A chunk may end within a line, and within a character. */
class LineWriter implements LogWriter {
  private readonly printLine: (workerId: string, line: string) => void;
  private readonly open = new Map<string, { decoder: StringDecoder; text: string }>();

  constructor(printLine: (workerId: string, line: string) => void) {
    this.printLine = printLine;
  }

  add(workerId: string, bytes: Uint8Array): void {
    const part = this.open.get(workerId) ?? { decoder: new StringDecoder('utf8'), text: '' };
    this.open.set(workerId, part);
    const lines = (part.text + part.decoder.write(bytes)).split(/\r?\n/);
    part.text = lines.pop() ?? '';
    for (const line of lines) this.printLine(workerId, line);
  }

  end(): void {
    for (const [workerId, { decoder, text }] of this.open) {
      const rest = text + decoder.end();
      if (rest !== '') this.printLine(workerId, rest);
    }
    this.open.clear();
  }
}
