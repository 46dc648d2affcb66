import type { BlobStore } from '../blob-store.port.ts';

/** Objects that live as long as their process. */
export class InMemoryBlobStore implements BlobStore {
  private readonly blobs = new Map<string, Uint8Array>();

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    await aTurn();
    this.blobs.set(key, copy);
  }

  async get(key: string): Promise<Uint8Array | null> {
    await aTurn();
    return this.blobs.get(key)?.slice() ?? null;
  }

  async delete(key: string): Promise<void> {
    await aTurn();
    this.blobs.delete(key);
  }
}

/** Nothing that crosses a network happens at once; callers that rely on it fail here too. */
const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
