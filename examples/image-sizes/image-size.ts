export interface ImageSize {
  readonly format: 'png' | 'gif' | 'jpeg';
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

/**
 * Reads an image's size off its first bytes.
 *
 * @throws Error when it is no PNG, GIF or JPEG
 */
export function imageSize(start: Buffer): ImageSize {
  if (start.subarray(0, PNG.length).equals(PNG)) {
    return { format: 'png', width: start.readUInt32BE(16), height: start.readUInt32BE(20) };
  }
  if (/^GIF8[79]a$/.test(start.toString('latin1', 0, 6))) {
    return { format: 'gif', width: start.readUInt16LE(6), height: start.readUInt16LE(8) };
  }
  if (start.length > 4 && start.readUInt16BE(0) === 0xffd8) return jpegSize(start);
  throw new Error('no PNG, GIF or JPEG');
}

/** A JPEG is a row of segments; the one that begins a frame has the size. */
function jpegSize(start: Buffer): ImageSize {
  for (let at = 2; at + 9 < start.length; at += 2 + start.readUInt16BE(at + 2)) {
    const marker = start.readUInt16BE(at);
    const isFrame =
      marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) {
      return {
        format: 'jpeg',
        width: start.readUInt16BE(at + 7),
        height: start.readUInt16BE(at + 5),
      };
    }
  }
  throw new Error('a JPEG whose size is not among its first bytes');
}
