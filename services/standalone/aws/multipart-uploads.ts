import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FauxqsParts, MultipartPart, MultipartUpload, S3Object } from './fauxqs-parts.ts';
import type { ObjectBodies } from './object-bodies.ts';

/** S3 takes no smaller part but the last one. */
const PART_BYTES_MIN = 5 * 1024 * 1024;

interface PartSpec {
  readonly partNumber: number;
  readonly etag: string;
}

interface KeptPart {
  readonly etag: string;
  readonly sizeBytes: number;
  readonly file: string;
}

export interface AssembledObject {
  readonly bucket: string;
  readonly object: S3Object;
  readonly bodyName: string;
}

/**
 * Uploads in parts that are under way. fauxqs keeps the parts in memory, and the whole object once
 * more to put it together; here they are files. They do not survive a restart.
 */
export class MultipartUploads {
  private readonly uploads = new Map<string, MultipartUpload>();
  private readonly parts = new Map<string, Map<number, KeptPart>>();

  constructor(
    private readonly folder: string,
    private readonly bodies: ObjectBodies,
    private readonly S3Error: FauxqsParts['S3Error'],
  ) {
    this.endAll();
  }

  begin(upload: MultipartUpload): void {
    mkdirSync(this.folderOf(upload.uploadId), { recursive: true });
    this.uploads.set(upload.uploadId, upload);
    this.parts.set(upload.uploadId, new Map());
  }

  /** Moves the part's bytes from memory to a file. */
  keepPart(uploadId: string, part: MultipartPart): void {
    const file = join(this.folderOf(uploadId), String(part.partNumber));
    writeFileSync(file, part.body);
    const kept = { etag: bare(part.etag), sizeBytes: part.body.length, file };
    this.parts.get(uploadId)?.set(part.partNumber, kept);
    part.body = Buffer.alloc(0);
  }

  /** @throws S3Error where S3 refuses to complete the upload */
  assemble(uploadId: string, specs: readonly PartSpec[]): AssembledObject {
    const upload = this.uploads.get(uploadId);
    if (upload === undefined) {
      throw new this.S3Error('NoSuchUpload', 'The specified upload does not exist.', 404);
    }
    const parts = this.checkedParts(uploadId, specs);
    const digests = parts.map(({ etag }) => Buffer.from(etag, 'hex'));
    const digest = createHash('md5').update(Buffer.concat(digests)).digest('hex');
    const { bucket, key, contentType, metadata } = upload;
    const { contentLanguage, contentDisposition, cacheControl, contentEncoding } = upload;
    const object: S3Object = {
      key,
      contentType,
      metadata,
      ...(contentLanguage !== undefined && { contentLanguage }),
      ...(contentDisposition !== undefined && { contentDisposition }),
      ...(cacheControl !== undefined && { cacheControl }),
      ...(contentEncoding !== undefined && { contentEncoding }),
      body: Buffer.alloc(0),
      contentLength: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      etag: `"${digest}-${parts.length}"`,
      lastModified: new Date(),
      parts: boundariesOf(specs, parts),
    };
    return { bucket, object, bodyName: this.bodies.join(parts.map(({ file }) => file)) };
  }

  end(uploadId: string): void {
    this.uploads.delete(uploadId);
    this.parts.delete(uploadId);
    rmSync(this.folderOf(uploadId), { recursive: true, force: true });
  }

  endAll(): void {
    this.uploads.clear();
    this.parts.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private checkedParts(uploadId: string, specs: readonly PartSpec[]): readonly KeptPart[] {
    const kept = this.parts.get(uploadId);
    return specs.map(({ partNumber, etag }, index) => {
      const part = kept?.get(partNumber);
      if (part === undefined || part.etag !== bare(etag)) {
        throw new this.S3Error('InvalidPart', `Part ${partNumber} is not as it was sent.`, 400);
      }
      if (partNumber <= (specs[index - 1]?.partNumber ?? 0)) {
        throw new this.S3Error('InvalidPartOrder', 'The parts are not in ascending order.', 400);
      }
      if (part.sizeBytes < PART_BYTES_MIN && index < specs.length - 1) {
        throw new this.S3Error('EntityTooSmall', `Part ${partNumber} is below 5 MiB.`, 400);
      }
      return part;
    });
  }

  private folderOf(uploadId: string): string {
    return join(this.folder, uploadId);
  }
}

function boundariesOf(
  specs: readonly PartSpec[],
  parts: readonly KeptPart[],
): NonNullable<S3Object['parts']> {
  let offset = 0;
  return parts.map(({ sizeBytes: length }, index) => {
    const boundary = { partNumber: specs[index]?.partNumber ?? 0, offset, length };
    offset += length;
    return boundary;
  });
}

const bare = (etag: string): string => etag.replaceAll('"', '');
