import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';

const REOPEN_MS = 1000;

export interface RotatedFileOptions {
  /** The file is put aside when it is larger, as `<file>.1`; the one that was there before goes. */
  readonly bytesMax: number;
  /** How long lines are dropped before a file that could not be written is tried again. */
  readonly reopenMs?: number;
  onProblem(problem: string): void;
}

/** Appends lines to a file that does not grow for ever. */
export class RotatedFile {
  private stream: WriteStream;
  private sizeBytes: number;
  private brokenAt: number | null = null;

  constructor(
    private readonly file: string,
    private readonly options: RotatedFileOptions,
  ) {
    this.makeFolder();
    this.sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    this.stream = this.open();
  }

  write(line: string): void {
    if (!this.canWrite()) return;
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
      if (stream === this.stream) this.brokenAt ??= performance.now(); // It takes no more.
    });
    return stream;
  }

  /** The disk may have room again, or the folder be back. */
  private canWrite(): boolean {
    if (this.brokenAt === null) return true;
    if (performance.now() - this.brokenAt < (this.options.reopenMs ?? REOPEN_MS)) return false;
    try {
      this.makeFolder();
    } catch (error) {
      this.options.onProblem(`cannot write ${this.file}: ${String(error)}`);
      this.brokenAt = performance.now();
      return false;
    }
    this.brokenAt = null;
    this.stream = this.open();
    return true;
  }

  private makeFolder(): void {
    mkdirSync(dirname(this.file), { recursive: true });
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
