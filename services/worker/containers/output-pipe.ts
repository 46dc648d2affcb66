import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, readSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As much as the kernel keeps in a pipe. */
const PIECE_BYTES_MAX = 65_536;
/** As much as it keeps in one that a process has had made larger. */
const DRAIN_BYTES_MAX = 1024 * 1024;

/**
 * A pipe that processes print into. Node's own `stdio: 'pipe'` is a socket, and what opens
 * `/dev/stderr` to print there, as shell scripts do, fails on one.
 *
 * Nothing is held back: a process that prints faster than the log is written waits.
 */
export class OutputPipe {
  /** For the `stdio` of processes. */
  readonly writeEnd: number;
  private readonly readEnd: number;
  private readonly socket: Socket;

  constructor(private readonly onPiece: (piece: Uint8Array) => void) {
    // Not beside the log: that folder may be on a file system that has no named pipes.
    const path = join(tmpdir(), `cortex-output-${randomUUID()}`);
    execFileSync('mkfifo', ['-m', '600', path]);
    // Without O_NONBLOCK opening one end waits for the other.
    this.readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writeEnd = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    this.socket = new Socket({ fd: this.readEnd, readable: true, writable: false });
    this.socket.on('data', onPiece);
    this.socket.on('error', () => {}); // As the end: what was printed has been read.
  }

  /**
   * Reads what has been printed up to now, for when its writer has ended. No more than that: others
   * may go on printing, and whoever reads to the end of that never gets there.
   */
  drain(): void {
    if (this.socket.destroyed) return;
    const piece = Buffer.allocUnsafe(PIECE_BYTES_MAX);
    try {
      for (let drainedBytes = 0; drainedBytes < DRAIN_BYTES_MAX;) {
        const length = readSync(this.readEnd, piece);
        if (length === 0) return;
        this.onPiece(piece.subarray(0, length));
        drainedBytes += length;
      }
    } catch {
      // EAGAIN: there is no more.
    }
  }

  close(): void {
    if (this.socket.destroyed) return;
    this.drain();
    this.socket.destroy();
    closeSync(this.writeEnd);
  }
}
