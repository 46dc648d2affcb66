import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  type InputFile,
  type InputFileContent,
  InputFileRefused,
  type InputFiles,
  type InputLocation,
} from '../input-files.port.ts';
import { ascended, listedFiles } from './listed-files.ts';
import { resumedChunks } from './resumed-chunks.ts';
import { fileChanged, pathOf, s3Error } from './s3-errors.ts';

type PagePosition = Pick<ListObjectsV2CommandInput, 'StartAfter' | 'ContinuationToken'>;

/** Objects in buckets of S3, or of a store that speaks its protocol. */
export class S3InputFiles implements InputFiles {
  /** @param s3 tries requests again that may be tried again */
  constructor(private readonly s3: S3Client) {}

  /** Asks for each page while the one before it is being handled. */
  async *list(
    location: InputLocation,
    after: string | null,
    signal: AbortSignal,
  ): AsyncIterable<readonly InputFile[]> {
    const left = new AbortController();
    const ended = AbortSignal.any([signal, left.signal]);
    try {
      let asked = this.page(location, after === null ? {} : { StartAfter: after }, ended);
      let lastKey = after;
      for (;;) {
        const page = await asked;
        const token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        if (token !== undefined) {
          asked = this.page(location, { ContinuationToken: token }, ended);
          // Its failure counts when it is awaited, which a caller that leaves never does.
          asked.catch(() => {});
        }
        const files = listedFiles(page, location.bucket);
        lastKey = ascended(lastKey, files, location);
        yield files;
        if (token === undefined) return;
      }
    } finally {
      left.abort();
    }
  }

  async read(file: InputFile, offsetBytes: number, signal: AbortSignal): Promise<InputFileContent> {
    // Behind the end there is no range to ask for, but a file that may have changed all the same.
    const isBehindEnd = offsetBytes >= file.sizeBytes;
    const firstByte = isBehindEnd ? Math.max(0, file.sizeBytes - 1) : offsetBytes;
    const { body, contentEncoding } = await this.open(file, firstByte, signal);
    if (isBehindEnd) {
      body.destroy();
      return { contentEncoding, chunks: nothing() };
    }
    const reopen = async (offset: number): Promise<Readable> =>
      (await this.open(file, offset, signal)).body;
    return { contentEncoding, chunks: resumedChunks({ file, offsetBytes, body, reopen, signal }) };
  }

  private async page(
    { bucket, prefix }: InputLocation,
    position: PagePosition,
    signal: AbortSignal,
  ): Promise<ListObjectsV2CommandOutput> {
    try {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        EncodingType: 'url',
        ...position,
      });
      return await this.s3.send(command, { abortSignal: signal });
    } catch (error) {
      signal.throwIfAborted();
      throw s3Error(error, { bucket, key: null });
    }
  }

  private async open(file: InputFile, offsetBytes: number, signal: AbortSignal) {
    try {
      const command = new GetObjectCommand({
        Bucket: file.bucket,
        Key: file.key,
        IfMatch: file.etag,
        ...(offsetBytes > 0 && { Range: `bytes=${offsetBytes}-` }),
      });
      const output = await this.s3.send(command, { abortSignal: signal });
      const { Body: body, ContentEncoding: contentEncoding = null } = output;
      if (!(body instanceof Readable)) throw new Error('the answer has no body');
      // Whoever has not begun to read it is not to fall over an error of it.
      body.on('error', () => {});
      checkIsAskedFor(output, body, { file, offsetBytes });
      return { body, contentEncoding };
    } catch (error) {
      signal.throwIfAborted();
      throw s3Error(error, file);
    }
  }
}

async function* nothing(): AsyncIterable<Uint8Array> {}

/**
 * Not every store heeds the conditions of a request.
 *
 * @throws InputFileRefused
 */
function checkIsAskedFor(
  output: GetObjectCommandOutput,
  body: Readable,
  { file, offsetBytes }: { readonly file: InputFile; readonly offsetBytes: number },
): void {
  const { ETag, ContentRange = '' } = output;
  const isSame = ETag === file.etag;
  if (isSame && (offsetBytes === 0 || ContentRange.startsWith(`bytes ${offsetBytes}-`))) return;
  body.destroy();
  if (!isSame) throw fileChanged(file);
  throw new InputFileRefused(
    'aws.request_refused',
    `${pathOf(file)} cannot be read from byte ${offsetBytes} on: the store answers without the range it was asked for`,
  );
}
