import { randomUUID } from 'node:crypto';

/** A resource as the API server keeps it. */
export interface ApiObject {
  apiVersion?: string;
  kind?: string;
  metadata: ApiMetadata;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [member: string]: unknown;
}

export interface ApiMetadata {
  name: string;
  generateName?: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: { uid: string; kind: string; name: string; controller?: boolean }[];
}

export interface ApiEvent {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: string;
  readonly object: ApiObject;
}

/** An answer that is no success, as the API server words it. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** What etcd is to the real one: objects by kind and name, each change with a version of its own. */
export class ApiObjects {
  private readonly objects = new Map<string, ApiObject>();
  private readonly history: ApiEvent[] = [];
  private readonly listeners = new Set<(event: ApiEvent) => void>();
  private lastVersion = 1000;
  private oldestVersion = 1000;

  get version(): number {
    return this.lastVersion;
  }

  list(kind: string, matches: (object: ApiObject) => boolean = () => true): ApiObject[] {
    return [...this.objects]
      .filter(([key, object]) => key.startsWith(`${kind}/`) && matches(object))
      .map(([, object]) => object);
  }

  get(kind: string, name: string): ApiObject {
    const object = this.objects.get(`${kind}/${name}`);
    if (object === undefined) throw new ApiProblem(404, 'NotFound', `${kind} "${name}" not found`);
    return object;
  }

  create(kind: string, namespace: string, given: ApiObject): ApiObject {
    const { generateName } = given.metadata;
    const name = given.metadata.name ?? `${generateName ?? ''}${randomUUID().slice(0, 5)}`;
    if (this.objects.has(`${kind}/${name}`)) {
      throw new ApiProblem(409, 'AlreadyExists', `${kind} "${name}" already exists`);
    }
    const metadata = {
      ...given.metadata,
      name,
      namespace,
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
    };
    return this.put('ADDED', kind, { ...given, metadata });
  }

  /** A change that leaves no finalizer on an object that is being deleted is its end. */
  replace(kind: string, object: ApiObject): ApiObject {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
    const isOver = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0;
    if (isOver && finalizers.length === 0) return this.remove(kind, object);
    return this.put('MODIFIED', kind, object);
  }

  remove(kind: string, object: ApiObject): ApiObject {
    this.objects.delete(`${kind}/${object.metadata.name}`);
    return this.record('DELETED', kind, object);
  }

  /** Everything that happened after a version. @throws ApiProblem 410 when that is forgotten */
  since(version: number): readonly ApiEvent[] {
    if (version < this.oldestVersion) {
      throw new ApiProblem(410, 'Expired', `too old resource version: ${version}`);
    }
    return this.history.filter((event) => event.version > version);
  }

  /** Forgets what happened, as etcd does when it compacts. */
  forgetHistory(): void {
    this.lastVersion += 1; // So that nobody's version is the newest.
    this.oldestVersion = this.lastVersion;
    this.history.length = 0;
  }

  onEvent(listener: (event: ApiEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private put(type: 'ADDED' | 'MODIFIED', kind: string, object: ApiObject): ApiObject {
    const stored = this.record(type, kind, object);
    this.objects.set(`${kind}/${object.metadata.name}`, stored);
    return stored;
  }

  private record(type: ApiEvent['type'], kind: string, object: ApiObject): ApiObject {
    const version = (this.lastVersion += 1);
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    const event = { version, type, kind, object: { ...object, metadata } };
    this.history.push(event);
    for (const listener of this.listeners) listener(event);
    return event.object;
  }
}
