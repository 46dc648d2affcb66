import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobId } from '#libs/domain/kernel/ids.ts';
import type { DocumentKey, DocumentStore } from './document-store.port.ts';

export interface OpenedDocumentStore {
  readonly documents: DocumentStore;
  close(): Promise<void>;
}

const keyOf = (generation: number, digit: string): DocumentKey => ({
  generation,
  jobId: jobId(digit.repeat(16)),
});

/** What every `DocumentStore` must do. `open` gives an empty one. */
export function documentStoreContract(open: () => Promise<OpenedDocumentStore>): void {
  describe('DocumentStore contract', () => {
    let documents: DocumentStore;
    let close: () => Promise<void>;

    beforeEach(async () => {
      const opened = await open();
      documents = opened.documents;
      close = () => opened.close();
    });
    afterEach(() => close());

    it('has nothing that was not put', async () => {
      expect(await documents.get(keyOf(1, 'a'))).toBeNull();
    });

    it.each(['{}', '{"config":"{\\"b\\":9007199254740993}","reason":"ü ∂ 語 𝄞"}'])(
      'gives back %s as it was put',
      async (json) => {
        await documents.put(keyOf(1, 'a'), json);
        expect(await documents.get(keyOf(1, 'a'))).toBe(json);
      },
    );

    it('keeps jobs and generations apart', async () => {
      await documents.put(keyOf(1, 'a'), '1a');
      await documents.put(keyOf(1, 'b'), '1b');
      await documents.put(keyOf(11, 'a'), '11a');
      const keys = [keyOf(1, 'a'), keyOf(1, 'b'), keyOf(11, 'a'), keyOf(2, 'a')];
      const found = await Promise.all(keys.map((key) => documents.get(key)));
      expect(found).toEqual(['1a', '1b', '11a', null]);
    });

    it('puts a document in the place of another', async () => {
      await documents.put(keyOf(1, 'a'), 'old');
      await documents.put(keyOf(1, 'a'), 'new');
      expect(await documents.get(keyOf(1, 'a'))).toBe('new');
    });

    it('takes thousands at a time', async () => {
      const keys = Array.from({ length: 3000 }, (_, n) => ({
        generation: 1,
        jobId: jobId(n.toString(16).padStart(16, '0')),
      }));
      await Promise.all(keys.map((key) => documents.put(key, key.jobId)));
      for (const key of [keys[0], keys[1500], keys[2999]]) {
        if (key !== undefined) expect(await documents.get(key)).toBe(key.jobId);
      }
    });

    it('deletes a generation and no other', async () => {
      await documents.put(keyOf(1, 'a'), '1a');
      await documents.put(keyOf(1, 'b'), '1b');
      await documents.put(keyOf(11, 'a'), '11a');
      await documents.deleteGeneration(1);
      await documents.deleteGeneration(1);
      await documents.deleteGeneration(7);
      expect(await documents.get(keyOf(1, 'a'))).toBeNull();
      expect(await documents.get(keyOf(1, 'b'))).toBeNull();
      expect(await documents.get(keyOf(11, 'a'))).toBe('11a');
      await documents.put(keyOf(1, 'a'), 'again');
      expect(await documents.get(keyOf(1, 'a'))).toBe('again');
    });

    it('has a record that nobody wrote yet', async () => {
      expect(await documents.readRecord()).toEqual({ text: null, revision: 0 });
    });

    it('lets the record be written by whoever read it last', async () => {
      expect(await documents.writeRecord('first', 0)).toBe(true);
      const { text, revision } = await documents.readRecord();
      expect(text).toBe('first');
      expect(await documents.writeRecord('never', 0)).toBe(false);
      expect(await documents.writeRecord('second', revision)).toBe(true);
      expect(await documents.writeRecord('never', revision)).toBe(false);
      expect((await documents.readRecord()).text).toBe('second');
    });

    it('lets one of several who write at a time write the record', async () => {
      const { revision } = await documents.readRecord();
      const written = await Promise.all(
        ['a', 'b', 'c', 'd'].map((text) => documents.writeRecord(text, revision)),
      );
      expect(written.filter((isWritten) => isWritten)).toHaveLength(1);
    });
  });
}
