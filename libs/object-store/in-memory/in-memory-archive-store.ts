import { ArchiveMissing, type ArchiveStore } from '../archive-store.port.ts';

const CHUNK_BYTES = 64 * 1024;

/** Objects that live as long as their process. */
export class InMemoryArchiveStore implements ArchiveStore {
  readonly objects = new Map<string, Uint8Array>();

  async write(url: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    this.objects.set(url, Buffer.concat(chunks));
  }

  async *read(url: string): AsyncGenerator<Uint8Array> {
    await aTurn();
    const object = this.objects.get(url);
    if (object === undefined) throw new ArchiveMissing(url);
    for (let from = 0; from < object.length; from += CHUNK_BYTES) {
      yield object.subarray(from, from + CHUNK_BYTES);
    }
  }
}

/** Nothing that crosses a network happens at once; callers that rely on it fail here too. */
const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
