import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ArchiveMissing, type ArchiveStore } from './archive-store.port.ts';

export interface OpenedArchiveStore {
  readonly archives: ArchiveStore;
  close(): Promise<void>;
}

const URL = 's3://archive/cortex/sum/0123-9.ndjson.gz';

async function* chunks(...parts: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve();
    yield Buffer.from(part);
  }
}

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield randomBytes(9 * 1024 * 1024);
  await Promise.resolve();
  throw new Error('the log went away');
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** What every `ArchiveStore` must do. `open` gives one with a bucket `archive`, which is empty. */
export function archiveStoreContract(open: () => Promise<OpenedArchiveStore>): void {
  describe('ArchiveStore contract', () => {
    let archives: ArchiveStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      const opened = await open();
      archives = opened.archives;
      close = () => opened.close();
    });
    afterEach(() => close());

    const bytesAt = async (url: string): Promise<Buffer> => {
      const read: Uint8Array[] = [];
      for await (const chunk of archives.read(url)) read.push(chunk);
      return Buffer.concat(read);
    };

    it('gives back what was written in pieces', async () => {
      await archives.write(URL, chunks('one ', '', 'two'));
      expect((await bytesAt(URL)).toString()).toBe('one two');
    });

    it('says that an object is missing', async () => {
      await expect(bytesAt(URL)).rejects.toThrow(ArchiveMissing);
      await expect(bytesAt(URL)).rejects.toThrow(`${URL} is missing`);
    });

    it('writes an object in the place of another', async () => {
      await archives.write(URL, chunks('the first one'));
      await archives.write(URL, chunks('another'));
      expect((await bytesAt(URL)).toString()).toBe('another');
    });

    it('keeps keys apart', async () => {
      await archives.write(URL, chunks('1'));
      await archives.write(`${URL}.ü`, chunks('2'));
      expect((await bytesAt(URL)).toString()).toBe('1');
      expect((await bytesAt(`${URL}.ü`)).toString()).toBe('2');
    });

    it('keeps 20 MiB, in more parts than one', async () => {
      const parts = Array.from({ length: 20 }, () => randomBytes(1024 * 1024));
      await archives.write(URL, chunks(...parts));
      expect(sha256(await bytesAt(URL))).toBe(sha256(Buffer.concat(parts)));
    });

    it('keeps nothing of what breaks off', async () => {
      await expect(archives.write(URL, breaking())).rejects.toThrow('the log went away');
      await expect(bytesAt(URL)).rejects.toThrow(ArchiveMissing);
    });

    it('is left early', async () => {
      await archives.write(URL, chunks(randomBytes(1024 * 1024)));
      let sizeBytes = 0;
      for await (const chunk of archives.read(URL)) {
        sizeBytes = chunk.length;
        break;
      }
      expect(sizeBytes).toBeGreaterThan(0);
      expect(await bytesAt(URL)).toHaveLength(1024 * 1024);
    });
  });
}
