import {
  type DocumentKey,
  type DocumentStore,
  DocumentStoreUnavailable,
  type ProjectionRecord,
} from '#libs/projection/document-store/document-store.port.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { Wire } from './wire.ts';

const unavailable = (message: string): Error => new DocumentStoreUnavailable(message);

/** The document store as one process sees it. */
export class WiredDocumentStore implements DocumentStore {
  constructor(
    private readonly documents: DocumentStore,
    private readonly caller: SimProcess,
    private readonly wire: Wire,
  ) {}

  put(key: DocumentKey, json: string): Promise<void> {
    return this.call('put document', () => this.documents.put(key, json));
  }

  get(key: DocumentKey): Promise<string | null> {
    return this.call('get document', () => this.documents.get(key));
  }

  deleteGeneration(generation: number): Promise<void> {
    return this.call('delete documents', () => this.documents.deleteGeneration(generation));
  }

  readRecord(): Promise<ProjectionRecord> {
    return this.call('read record', () => this.documents.readRecord());
  }

  writeRecord(text: string, revision: number): Promise<boolean> {
    return this.call('write record', () => this.documents.writeRecord(text, revision));
  }

  private call<T>(what: string, run: () => Promise<T>): Promise<T> {
    return this.wire.call(this.caller, { what, run, unavailable });
  }
}
