const BYTES_MIN = 128;
/** So many characters are made at once: one at a time takes three times as long. */
const CHUNK_BYTES = 4096;

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
    const usedBytes = this.bytes.findLastIndex((byte) => byte !== 0) + 1;
    let text = '';
    for (let start = 0; start < usedBytes; start += CHUNK_BYTES) {
      const chunk = this.bytes.subarray(start, Math.min(start + CHUNK_BYTES, usedBytes));
      text += String.fromCharCode(...chunk);
    }
    return btoa(text);
  }

  static decode(encoded: string): Bitmap {
    const text = atob(encoded);
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
    return new Bitmap(bytes);
  }

  private grow(bytesMin: number): void {
    const bytes = new Uint8Array(Math.max(bytesMin, this.bytes.length * 2, BYTES_MIN));
    bytes.set(this.bytes);
    this.bytes = bytes;
  }
}
