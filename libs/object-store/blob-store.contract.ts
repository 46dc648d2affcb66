import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BlobStore } from './blob-store.port.ts';

export interface OpenedBlobStore {
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const digest = (blob: Uint8Array | null): string =>
  createHash('sha256')
    .update(blob ?? '')
    .digest('hex');

/** What every `BlobStore` must do. `open` gives an empty one. */
export function blobStoreContract(open: () => Promise<OpenedBlobStore>): void {
  describe('BlobStore contract', () => {
    let blobs: BlobStore;
    let close: () => Promise<void>;

    beforeEach(async () => {
      const opened = await open();
      blobs = opened.blobs;
      close = () => opened.close();
    });
    afterEach(() => close());

    const textAt = async (key: string): Promise<string | null> => {
      const blob = await blobs.get(key);
      return blob === null ? null : new TextDecoder().decode(blob);
    };

    it('has nothing under a key that was not put', async () => {
      expect(await blobs.get('items/1')).toBeNull();
    });

    it.each(['items/0123456789abcdef', 'code/sum/v1.tgz', 'ü ∂ .*>', 'a'])(
      'gives back what was put under %s',
      async (key) => {
        await blobs.put(key, bytes('[1,"ü"]'));
        expect(await textAt(key)).toBe('[1,"ü"]');
      },
    );

    it('keeps keys apart', async () => {
      await blobs.put('a/b', bytes('1'));
      await blobs.put('a', bytes('2'));
      expect([await textAt('a/b'), await textAt('a'), await textAt('b')]).toEqual(['1', '2', null]);
    });

    it('puts an object in the place of another', async () => {
      await blobs.put('k', randomBytes(300_000));
      await blobs.put('k', bytes('new'));
      expect(await textAt('k')).toBe('new');
    });

    it('keeps an empty object', async () => {
      await blobs.put('k', new Uint8Array(0));
      expect(await textAt('k')).toBe('');
    });

    it('forgets a deleted object, and takes it again', async () => {
      await blobs.put('k', bytes('1'));
      await blobs.delete('k');
      expect(await blobs.get('k')).toBeNull();
      await blobs.put('k', bytes('2'));
      expect(await textAt('k')).toBe('2');
    });

    it('deletes what is not there', async () => {
      await blobs.delete('never');
      await blobs.put('k', bytes('1'));
      await blobs.delete('k');
      await blobs.delete('k');
      expect(await blobs.get('k')).toBeNull();
    });

    it('keeps 10 MiB', async () => {
      const large = randomBytes(10 * 1024 * 1024);
      await blobs.put('large', large);
      expect(digest(await blobs.get('large'))).toBe(digest(large));
    });

    it('shares no memory with whoever puts or gets', async () => {
      const given = bytes('abc');
      await blobs.put('k', given);
      given.fill(0);
      (await blobs.get('k'))?.fill(0);
      expect(await textAt('k')).toBe('abc');
    });

    it('shows readers the old object or the new one, whole, while it is overwritten', async () => {
      const versions = [0, 1, 2, 3, 4].map(() => randomBytes(700_000));
      const digests = new Set(versions.map(digest));
      await blobs.put('k', versions[0] ?? bytes(''));

      const seen = new Set<string>();
      for (const version of versions) {
        const state = { isWriting: true };
        const writing = blobs.put('k', version).finally(() => (state.isWriting = false));
        while (state.isWriting) seen.add(digest(await blobs.get('k')));
        await writing;
      }

      expect([...seen].filter((one) => !digests.has(one))).toEqual([]);
    });
  });
}
