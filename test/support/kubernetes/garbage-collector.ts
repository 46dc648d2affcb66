import type { KubeConfig } from '@kubernetes/client-node';
import { coalescedLoop } from './coalesced-loop.ts';
import type { ApiObject } from './api-objects.ts';
import { Rest } from './rest.ts';

const FOREGROUND = 'foregroundDeletion';
const DEPENDENTS = ['pods', 'configmaps'];

/** Stands for the garbage collector of Kubernetes: what belongs to a Job goes when the Job does. */
export class GarbageCollector {
  private readonly rest: Rest;
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  constructor(config: KubeConfig, namespace: string) {
    this.rest = new Rest(config, namespace);
    const { signal } = this.stopping;
    const loop = coalescedLoop(() => this.collect(), signal);
    const watches = ['jobs', ...DEPENDENTS].map((kind) => this.rest.watch(kind, loop.poke, signal));
    this.running = Promise.all([loop.ended, ...watches]);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async collect(): Promise<void> {
    const dependents: { readonly kind: string; readonly object: ApiObject }[] = [];
    for (const kind of DEPENDENTS) {
      for (const object of await this.rest.list(kind)) dependents.push({ kind, object });
    }
    // Owners last: what belongs to a Job is made after it, so none is taken for an orphan.
    const jobs = await this.rest.list('jobs');
    for (const job of jobs.filter(isDeletedInForeground)) {
      const own = dependents.filter(({ object }) => isOwnedBy(object, job));
      for (const { kind, object } of own) await this.delete(kind, object);
      const isBlocked = own.some(({ kind }) => kind === 'pods');
      if (!isBlocked) await this.release(job);
    }
    for (const { kind, object } of dependents) {
      const owners = object.metadata.ownerReferences?.filter((owner) => owner.kind === 'Job') ?? [];
      const isOrphan =
        owners.length > 0 &&
        !jobs.some(({ metadata: { uid } }) => owners.some((owner) => owner.uid === uid));
      if (isOrphan) await this.delete(kind, object);
    }
  }

  private async delete(kind: string, { metadata }: ApiObject): Promise<void> {
    if (metadata.deletionTimestamp !== undefined) return;
    await this.rest.send('DELETE', `${kind}/${metadata.name}`);
  }

  private async release({ metadata: { name, finalizers = [] } }: ApiObject): Promise<void> {
    const others = finalizers.filter((finalizer) => finalizer !== FOREGROUND);
    await this.rest.send('PATCH', `jobs/${name}`, { metadata: { finalizers: others } });
  }
}

const isDeletedInForeground = ({ metadata }: ApiObject): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(FOREGROUND) === true;

const isOwnedBy = ({ metadata }: ApiObject, owner: ApiObject): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true;
