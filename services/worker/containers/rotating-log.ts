import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { logPartAt, logPartsIn } from '#libs/compute/log-files.ts';

/** The file that is written and the one before it. */
const PARTS_MAX = 2;

/**
 * Appends to a log of which the last two files of at most `bytesMax` are kept. Goes on where an
 * earlier worker stopped.
 */
export class RotatingLog {
  private fd: number;
  private startOffset: number;
  private sizeBytes: number;

  constructor(
    private readonly logFile: string,
    private readonly bytesMax: number,
  ) {
    mkdirSync(dirname(logFile), { recursive: true });
    const newest = this.parts().at(-1) ?? logPartAt(logFile, 0);
    this.fd = openSync(newest.file, 'a');
    this.startOffset = newest.startOffset;
    this.sizeBytes = fstatSync(this.fd).size;
  }

  /** Never throws: a handler's output is not worth its worker, so a full disk loses output. */
  write(bytes: Uint8Array): void {
    try {
      if (this.sizeBytes > 0 && this.sizeBytes + bytes.length > this.bytesMax) this.rotate();
      for (let at = 0; at < bytes.length;) {
        const written = writeSync(this.fd, bytes, at);
        at += written;
        this.sizeBytes += written;
      }
    } catch {
      // The disk is full or the folder is gone; what comes next may find it mended.
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  private rotate(): void {
    const next = logPartAt(this.logFile, this.startOffset + this.sizeBytes);
    const fd = openSync(next.file, 'a');
    closeSync(this.fd);
    this.fd = fd;
    this.startOffset = next.startOffset;
    this.sizeBytes = 0;
    for (const { file } of this.parts().slice(0, -PARTS_MAX)) rmSync(file, { force: true });
  }

  private parts() {
    return logPartsIn(readdirSync(dirname(this.logFile)), this.logFile);
  }
}
