const BYTES_MIN = 128;

/** A set of small integers in one bit each; grows as needed. */
export class Bitmap {
  private bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes;
  }

  has(index: number): boolean {
    return ((this.bytes[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** @returns whether `index` was not in the set before */
  add(index: number): boolean {
    const at = index >>> 3;
    const bit = 1 << (index & 7);
    const byte = this.bytes[at] ?? 0;
    if ((byte & bit) !== 0) return false;
    if (at >= this.bytes.length) this.grow(at + 1);
    this.bytes[at] = byte | bit;
    return true;
  }

  /** Base64, for snapshots; without the spare room, so that equal sets have equal encodings. */
  encode(): string {
    const used = this.bytes.subarray(0, this.bytes.findLastIndex((byte) => byte !== 0) + 1);
    return btoa(Array.from(used, (byte) => String.fromCharCode(byte)).join(''));
  }

  static decode(encoded: string): Bitmap {
    return new Bitmap(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
  }

  private grow(bytesMin: number): void {
    const bytes = new Uint8Array(Math.max(bytesMin, this.bytes.length * 2, BYTES_MIN));
    bytes.set(this.bytes);
    this.bytes = bytes;
  }
}
