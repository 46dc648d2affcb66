import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';

/** As much as the kernel keeps in a pipe. */
const PIECE_BYTES_MAX = 65_536;

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

  /** @param path of a file that does not exist; it is gone again when this returns */
  constructor(
    path: string,
    private readonly onPiece: (piece: Uint8Array) => void,
  ) {
    execFileSync('mkfifo', ['-m', '600', path]);
    // Without O_NONBLOCK opening one end waits for the other.
    this.readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writeEnd = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    this.socket = new Socket({ fd: this.readEnd, readable: true, writable: false });
    this.socket.on('data', onPiece);
    this.socket.on('error', () => {}); // As the end: what was printed has been read.
  }

  /** Reads what has been printed up to now, for when its writer has ended. */
  drain(): void {
    if (this.socket.destroyed) return;
    const piece = Buffer.allocUnsafe(PIECE_BYTES_MAX);
    try {
      for (let length = 1; length > 0;) {
        length = readSync(this.readEnd, piece);
        this.onPiece(piece.subarray(0, length));
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
