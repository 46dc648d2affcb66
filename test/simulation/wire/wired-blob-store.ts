import { type BlobStore, BlobStoreUnavailable } from '#libs/object-store/blob-store.port.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { Wire } from './wire.ts';

const unavailable = (message: string): Error => new BlobStoreUnavailable(message);

/** The blob store as one process sees it. */
export class WiredBlobStore implements BlobStore {
  constructor(
    private readonly blobs: BlobStore,
    private readonly caller: SimProcess,
    private readonly wire: Wire,
  ) {}

  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.call('put blob', () => this.blobs.put(key, bytes));
  }

  get(key: string): Promise<Uint8Array | null> {
    return this.call('get blob', () => this.blobs.get(key));
  }

  delete(key: string): Promise<void> {
    return this.call('delete blob', () => this.blobs.delete(key));
  }

  private call<T>(what: string, run: () => Promise<T>): Promise<T> {
    return this.wire.call(this.caller, { what, run, unavailable });
  }
}
