import type { ApiDeployed, ApiEvent } from '../api/api.events.ts';
import type { ApiId, ApiName } from '../kernel/ids.ts';
import type { Position } from '../platform-event.ts';
import { unreachable } from '../kernel/errors.ts';

/** One deployed specification. */
export interface ApiVersion {
  readonly deployed: ApiDeployed['data'];
  /** RFC 3339. */
  readonly deployedAt: string;
}

/** Plain form of an `ApiView`, for snapshots. */
export interface ApiViewSnapshot {
  readonly name: ApiName;
  readonly currentId: ApiId | null;
  readonly deletedVersionCount: number;
  readonly endpointSince: Position;
  readonly versions: readonly ApiVersion[];
}

/** A Batch API with every version it ever had: jobs keep the one they were submitted under. */
export class ApiView {
  private currentId: ApiId | null = null;
  /** That many versions, the oldest, were deployed before the API was last deleted. */
  private deletedVersionCount = 0;
  /** Where in the log it came to the endpoint that it has now. */
  private endpointSince: Position = 0;
  private readonly versions = new Map<ApiId, ApiVersion>();

  constructor(readonly name: ApiName) {}

  apply(event: ApiEvent, at: string, position: Position): void {
    switch (event.type) {
      case 'ApiDeployed':
        if (this.endpoint !== event.data.spec.networking.endpoint) this.endpointSince = position;
        this.versions.set(event.data.apiId, { deployed: event.data, deployedAt: at });
        this.currentId = event.data.apiId;
        return;
      case 'ApiDeleted':
        this.currentId = null;
        this.deletedVersionCount = this.versions.size;
        return;
      default:
        unreachable(event);
    }
  }

  /** `null` when the API has been deleted. */
  get current(): ApiVersion | null {
    return this.currentId === null ? null : this.version(this.currentId);
  }

  /** Every version there ever was, newest first. */
  get allVersions(): readonly ApiVersion[] {
    return [...this.versions.values()].reverse();
  }

  /** `null` when the API has been deleted. */
  get endpoint(): string | null {
    return this.current?.deployed.spec.networking.endpoint ?? null;
  }

  /** An endpoint is that of the API which had it first: two can be deployed to it in one moment. */
  holdsBefore(other: ApiView): boolean {
    return this.endpointSince < other.endpointSince;
  }

  /** Whether the API was deleted after this version had been deployed. */
  isDeleted(id: ApiId): boolean {
    const place = [...this.versions.keys()].indexOf(id);
    return place >= 0 && place < this.deletedVersionCount;
  }

  version(id: ApiId): ApiVersion | null {
    return this.versions.get(id) ?? null;
  }

  snapshot(): ApiViewSnapshot {
    return {
      name: this.name,
      currentId: this.currentId,
      deletedVersionCount: this.deletedVersionCount,
      endpointSince: this.endpointSince,
      versions: [...this.versions.values()],
    };
  }

  static restore(snapshot: ApiViewSnapshot): ApiView {
    const view = new ApiView(snapshot.name);
    for (const version of snapshot.versions) view.versions.set(version.deployed.apiId, version);
    view.currentId = snapshot.currentId;
    view.deletedVersionCount = snapshot.deletedVersionCount;
    view.endpointSince = snapshot.endpointSince;
    return view;
  }
}
