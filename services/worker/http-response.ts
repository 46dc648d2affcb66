/** Enough of a body to tell people what the handler said; the rest is read and dropped. */
const BODY_BYTES_KEPT = 4096;
/** Node's own servers and most others send far less; more is not a handler's answer. */
const HEAD_BYTES_MAX = 65_536;
const CRLF = '\r\n';
const HEAD_END = '\r\n\r\n';

export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
}

type Body =
  | { readonly until: 'length'; remainingBytes: number }
  | { readonly until: 'close' }
  | { readonly until: 'last-chunk'; readonly chunks: ChunkedBody };

/**
 * One HTTP/1.1 response to a POST, read from the pieces that a socket hands over.
 *
 * It exists because a general client spends twice the processor time per call on what a batch does
 * not need: header objects, streams, abort signals. Bodies are skipped but for their beginning.
 */
export class HttpResponse {
  status = 0;
  /** Whether the connection may carry another request. */
  isReusable = false;
  private head = '';
  private body: Body | null = null;
  private kept = '';

  /**
   * Reads on.
   *
   * @returns whether the response is complete
   * @throws MalformedResponse when this is not HTTP/1.x
   */
  push(piece: Buffer): boolean {
    if (this.body !== null) return this.pushBody(piece);
    const head = this.head + piece.toString('latin1');
    const headEnd = head.indexOf(HEAD_END);
    if (headEnd === -1) {
      if (head.length > HEAD_BYTES_MAX) throw new MalformedResponse('headers without an end');
      this.head = head;
      return false;
    }
    const bodyStart = headEnd + HEAD_END.length - this.head.length;
    this.head = '';
    this.body = this.readHead(head.slice(0, headEnd));
    if (this.body !== null) return this.pushBody(piece.subarray(bodyStart));
    return bodyStart < piece.length && this.push(piece.subarray(bodyStart));
  }

  /** The connection was closed by the other side. @returns whether that completes the response */
  end(): boolean {
    return this.body?.until === 'close';
  }

  /** The beginning of the body, as UTF-8. */
  get text(): string {
    return Buffer.from(this.kept, 'latin1').toString('utf8');
  }

  /** @returns `null` after an interim response (1xx): the real one follows */
  private readHead(head: string): Body | null {
    const version = head.slice(0, 9);
    this.status = Number(head.slice(9, 12));
    if ((version !== 'HTTP/1.1 ' && version !== 'HTTP/1.0 ') || !(this.status >= 100)) {
      throw new MalformedResponse(`not an HTTP response: ${JSON.stringify(head.slice(0, 40))}`);
    }
    if (this.status < 200) return null;

    const fields = head.slice(head.indexOf(CRLF) + 1).toLowerCase();
    const connection = fieldOf(fields, 'connection');
    this.isReusable = connection === null ? version === 'HTTP/1.1 ' : !connection.includes('close');
    if (this.status === 204 || this.status === 304) return { until: 'length', remainingBytes: 0 };
    if (fieldOf(fields, 'transfer-encoding')?.includes('chunked') === true) {
      return { until: 'last-chunk', chunks: new ChunkedBody() };
    }
    return this.readLength(fieldOf(fields, 'content-length'));
  }

  private readLength(length: string | null): Body {
    if (length === null) {
      this.isReusable = false;
      return { until: 'close' };
    }
    if (!/^\d+$/.test(length)) throw new MalformedResponse(`content-length: ${length}`);
    return { until: 'length', remainingBytes: Number(length) };
  }

  private pushBody(piece: Buffer): boolean {
    const { body } = this;
    if (body === null) return false;
    if (body.until === 'last-chunk') {
      const isComplete = body.chunks.push(piece, (part) => this.keep(part));
      if (body.chunks.hasSurplus) this.isReusable = false;
      return isComplete;
    }
    this.keep(piece);
    if (body.until === 'close') return false;
    body.remainingBytes -= piece.length;
    if (body.remainingBytes < 0) this.isReusable = false; // Bytes nobody asked for: start afresh.
    return body.remainingBytes <= 0;
  }

  private keep(piece: Buffer): void {
    if (piece.length === 0 || this.kept.length >= BODY_BYTES_KEPT) return;
    this.kept += piece.toString('latin1', 0, BODY_BYTES_KEPT - this.kept.length);
  }
}

/** Value of a header field in `fields`, lower case, each field preceded by a line feed. */
function fieldOf(fields: string, name: string): string | null {
  const at = fields.indexOf(`\n${name}:`);
  if (at === -1) return null;
  const valueStart = at + name.length + 2;
  const valueEnd = fields.indexOf('\r', valueStart);
  return fields.slice(valueStart, valueEnd === -1 ? undefined : valueEnd).trim();
}

/** A body in chunked transfer coding: `<hex size>CRLF<bytes>CRLF` …, `0CRLF`, trailers, `CRLF`. */
class ChunkedBody {
  hasSurplus = false;
  private line = '';
  private state: 'size' | 'bytes' | 'bytes-end' | 'trailer' = 'size';
  private remainingBytes = 0;

  /** @returns whether the last chunk and the trailers are through */
  push(piece: Buffer, keep: (part: Buffer) => void): boolean {
    let at = 0;
    while (at < piece.length) {
      if (this.state === 'bytes') {
        const part = piece.subarray(at, at + this.remainingBytes);
        keep(part);
        at += part.length;
        this.remainingBytes -= part.length;
        if (this.remainingBytes === 0) this.state = 'bytes-end';
        continue;
      }
      const lineEnd = piece.indexOf('\n', at);
      this.line += piece.toString('latin1', at, lineEnd === -1 ? piece.length : lineEnd);
      if (this.line.length > HEAD_BYTES_MAX) throw new MalformedResponse('chunk line too long');
      if (lineEnd === -1) return false;
      at = lineEnd + 1;
      if (this.endLine()) {
        this.hasSurplus = at < piece.length;
        return true;
      }
    }
    return false;
  }

  /** @returns whether this was the empty line behind the trailers */
  private endLine(): boolean {
    const line = this.line.trim();
    this.line = '';
    if (this.state === 'trailer') return line === '';
    if (this.state === 'bytes-end') {
      this.state = 'size';
      return false;
    }
    const [size = ''] = line.split(';');
    if (!/^[0-9a-f]{1,8}$/i.test(size)) throw new MalformedResponse(`chunk size: ${line}`);
    this.remainingBytes = Number.parseInt(size, 16);
    this.state = this.remainingBytes === 0 ? 'trailer' : 'bytes';
    return false;
  }
}
