import type { Logger } from '#libs/platform/logger.ts';
import { pause } from '#libs/platform/pause.ts';
import { backOffMs, ClusterRefused } from './cluster-requests.ts';

/** The least that a resource has. */
export interface Resource {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** Watch from here for what comes later. */
  readonly resourceVersion: string;
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  /** Of a bookmark only the version counts. */
  readonly object: T;
}

/** How a watch ended without an error. `gone`: the server does not know the version any more. */
export type WatchEnd = 'closed' | 'silent' | 'gone';

export interface ListWatchSource<T> {
  list(): Promise<Listed<T>>;
  watch(
    resourceVersion: string,
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<WatchEnd>;
}

export interface ListWatchOptions<T> {
  readonly source: ListWatchSource<T>;
  /** A list is taken at least this often, in case a watch misses something without anybody noticing. */
  readonly resyncMs: number;
  readonly logger: Logger;
  /** What is missed when the cluster does not allow it, where one can do without; it is asked again at a resync. */
  readonly missed?: string;
  /** The resource as it is now, or as it was last when it is gone. */
  onChange(resource: T, isGone: boolean): void;
  /** All that there is was shown. */
  onListed?(): void;
}

/** A watch that lived this long was well; what comes after it is no storm. */
const WELL_MS = 5000;

/**
 * Keeps up with the resources of one kind: lists them, then watches, and lists again when the server
 * has forgotten the version (410), after errors, and every `resyncMs`. Reconnecting backs off, also
 * where the server ends each watch at once without an error.
 */
export class ListWatch<T extends Resource> {
  private readonly resources = new Map<string, T>();
  private attempt = 0;
  private resourceVersion = '';
  private hasWarned = false;

  constructor(private readonly options: ListWatchOptions<T>) {}

  get items(): readonly T[] {
    return [...this.resources.values()];
  }

  /** Whether all that there is was shown once. */
  get hasListed(): boolean {
    return this.resourceVersion !== '';
  }

  /** Ends when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.list();
        if (!signal.aborted) await this.watchUntilResync(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (this.options.missed !== undefined && error instanceof ClusterRefused) {
          await this.doWithout(error, signal);
          continue;
        }
        this.options.logger.warn({ err: error }, 'watch of the cluster broke, will list again');
        await this.backOff(signal);
      }
    }
  }

  private async list(): Promise<void> {
    const { items, resourceVersion } = await this.options.source.list();
    const found = new Set(items.map(keyOf));
    for (const [key, resource] of this.resources) if (!found.has(key)) this.forget(resource);
    for (const item of items) this.note(item);
    this.resourceVersion = resourceVersion;
    this.options.onListed?.();
  }

  private async watchUntilResync(signal: AbortSignal): Promise<void> {
    const resync = new AbortController();
    // Half drawn: the kinds and the installations of a cluster do not list all at once.
    const resyncMs = this.options.resyncMs * (0.75 + Math.random() / 2);
    const timer = setTimeout(() => resync.abort(), resyncMs);
    const either = AbortSignal.any([signal, resync.signal]);
    try {
      while (!either.aborted) {
        const startedAt = performance.now();
        const end = await this.options.source.watch(
          this.resourceVersion,
          (event) => this.hear(event),
          either,
        );
        if (performance.now() - startedAt >= WELL_MS) this.attempt = 0;
        else if (!either.aborted) await this.backOff(signal);
        if (end === 'gone') return;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private hear({ type, object }: WatchEvent<T>): void {
    this.attempt = 0;
    this.resourceVersion = object.metadata?.resourceVersion ?? this.resourceVersion;
    if (type === 'DELETED') this.forget(object);
    else if (type !== 'BOOKMARK') this.note(object);
  }

  private note(resource: T): void {
    const known = this.resources.get(keyOf(resource));
    this.resources.set(keyOf(resource), resource);
    const isNews = known?.metadata?.resourceVersion !== resource.metadata?.resourceVersion;
    if (known === undefined || isNews) this.options.onChange(resource, false);
  }

  private forget(resource: T): void {
    if (this.resources.delete(keyOf(resource))) this.options.onChange(resource, true);
  }

  private doWithout(error: ClusterRefused, signal: AbortSignal): Promise<void> {
    const { logger, missed, resyncMs } = this.options;
    if (!this.hasWarned) logger.warn({ err: error }, `the cluster does not allow it: ${missed}`);
    this.hasWarned = true;
    return pause(resyncMs, signal);
  }

  private backOff(signal: AbortSignal): Promise<void> {
    this.attempt += 1;
    return pause(backOffMs(this.attempt), signal);
  }
}

/** Another resource of the same name is another resource. */
const keyOf = ({ metadata }: Resource): string => metadata?.uid ?? metadata?.name ?? '';
