import type { DocumentKey, DocumentStore, ProjectionRecord } from '../document-store.port.ts';

/** Documents that live as long as their process. */
export class InMemoryDocumentStore implements DocumentStore {
  private readonly generations = new Map<number, Map<string, string>>();
  private record: ProjectionRecord = { text: null, revision: 0 };

  async put({ generation, jobId }: DocumentKey, json: string): Promise<void> {
    await aTurn();
    const documents = this.generations.get(generation) ?? new Map<string, string>();
    this.generations.set(generation, documents.set(jobId, json));
  }

  async get({ generation, jobId }: DocumentKey): Promise<string | null> {
    await aTurn();
    return this.generations.get(generation)?.get(jobId) ?? null;
  }

  async deleteGeneration(generation: number): Promise<void> {
    await aTurn();
    this.generations.delete(generation);
  }

  async readRecord(): Promise<ProjectionRecord> {
    await aTurn();
    return this.record;
  }

  async writeRecord(text: string, revision: number): Promise<boolean> {
    await aTurn();
    if (this.record.revision !== revision) return false;
    this.record = { text, revision: revision + 1 };
    return true;
  }
}

/** Nothing that crosses a network happens at once. */
const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
