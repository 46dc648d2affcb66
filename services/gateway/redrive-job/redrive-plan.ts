import { z } from 'zod';
import type { JobId } from '#libs/domain/kernel/ids.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';

const plan = z.object({ indexes: z.array(z.int().min(0)) });

/**
 * Which batches of a job are being submitted again, from before the submission until their letters
 * are removed. Whoever finds it finds a redrive that was interrupted, and ends that one first:
 * after some of the letters are gone, nothing else tells which batches the new job has.
 */
export class RedrivePlans {
  constructor(private readonly blobs: BlobStore) {}

  async put(parent: JobId, indexes: readonly number[]): Promise<void> {
    await this.blobs.put(keyOf(parent), new TextEncoder().encode(JSON.stringify({ indexes })));
  }

  /** In ascending order; `null` when no redrive of the job was interrupted. */
  async get(parent: JobId): Promise<readonly number[] | null> {
    const bytes = await this.blobs.get(keyOf(parent));
    return bytes === null
      ? null
      : plan.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).indexes;
  }

  async delete(parent: JobId): Promise<void> {
    await this.blobs.delete(keyOf(parent));
  }
}

const keyOf = (parent: JobId): string => `redrives/${parent}`;
