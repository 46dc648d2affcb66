import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';

export interface RotatedFileOptions {
  /** The file is put aside when it is larger, as `<file>.1`; the one that was there before goes. */
  readonly bytesMax: number;
  onProblem(problem: string): void;
}

/** Appends lines to a file that does not grow for ever. */
export class RotatedFile {
  private stream: WriteStream;
  private sizeBytes: number;

  constructor(
    private readonly file: string,
    private readonly options: RotatedFileOptions,
  ) {
    mkdirSync(dirname(file), { recursive: true });
    this.sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    this.stream = this.open();
  }

  write(line: string): void {
    const text = `${line}\n`;
    if (this.sizeBytes > this.options.bytesMax) this.rotate();
    this.sizeBytes += Buffer.byteLength(text);
    this.stream.write(text);
  }

  /** Resolves when everything has been written. */
  end(): Promise<void> {
    return new Promise((resolve) => this.stream.end(resolve));
  }

  private open(): WriteStream {
    const stream = createWriteStream(this.file, { flags: 'a' });
    stream.on('error', ({ message }) => {
      this.options.onProblem(`cannot write ${this.file}: ${message}`);
    });
    return stream;
  }

  private rotate(): void {
    this.sizeBytes = 0; // Also when it does not work, so that it is not tried with every line.
    try {
      renameSync(this.file, `${this.file}.1`);
    } catch (error) {
      this.options.onProblem(`cannot rotate ${this.file}: ${String(error)}`);
      return;
    }
    this.stream.end(); // What it still has goes into the file that was put aside.
    this.stream = this.open();
  }
}
